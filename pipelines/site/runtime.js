// ONNX Runtime Web, which is compiled while the page and its models are still being fetched.

import * as ort from "./ort/ort.wasm.min.mjs";

ort.env.wasm.wasmPaths = new URL("ort/", import.meta.url).href;
ort.env.wasm.numThreads = 1;
// An empty model is refused, but only once the runtime is compiled.
ort.InferenceSession.create(new Uint8Array()).catch(() => {});

export { ort };
