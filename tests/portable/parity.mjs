// Runs what Python recorded by ONNX Runtime Web: in Node by itself, in a page by its `replay`.
//
//   node parity.mjs <folder of onnxruntime-web/dist> <folder of recordings>

const ARRAYS = { int64: BigInt64Array, float32: Float32Array, float64: Float64Array, uint8: Uint8Array, bool: Uint8Array };

// One run of a model: the greatest difference of any output, relative where it is above 1.
export async function replay(ort, bytes, { inputs, outputs }) {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    logSeverityLevel: 3,
    extra: { session: { disable_quant_qdq: "1" } },
  });
  const feeds = {};
  for (const [name, { type, dims, data }] of Object.entries(inputs)) {
    const values = type === "int64" ? data.map(BigInt) : data;
    feeds[name] = new ort.Tensor(type, ARRAYS[type].from(values), dims);
  }
  const found = await session.run(feeds);
  let apart = 0;
  for (const [name, { dims, data }] of Object.entries(outputs)) {
    if (String(found[name].dims) !== String(dims)) return { name, apart: Infinity };
    [...found[name].data].forEach((value, n) => {
      const wanted = data[n] === null ? -Infinity : Number(data[n]);
      const size = Math.max(1, Math.abs(wanted));
      const away = Number(value) === wanted ? 0 : Math.abs(Number(value) - wanted) / size;
      apart = Math.max(apart, Number.isNaN(away) ? Infinity : away);
    });
  }
  await session.release();
  return { apart };
}

if (globalThis.process?.argv?.[2]) {
  const { readFileSync } = await import("node:fs");
  const { pathToFileURL } = await import("node:url");
  const [dist, folder] = process.argv.slice(2);
  const ort = await import(pathToFileURL(`${dist}/ort.wasm.min.mjs`).href);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = pathToFileURL(`${dist}/`).href;
  for (const task of JSON.parse(readFileSync(`${folder}/tasks.json`))) {
    const bytes = new Uint8Array(readFileSync(`${folder}/${task}.onnx`));
    const recorded = JSON.parse(readFileSync(`${folder}/${task}.json`));
    console.log(JSON.stringify({ task, ...(await replay(ort, bytes, recorded)) }));
  }
}
