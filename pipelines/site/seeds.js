// Numbers in [0, 1) that are functions of their place: those of multimodal/seeds.py.

const MASK = (1n << 64n) - 1n, GOLDEN = 0x9e3779b97f4a7c15n;

// (seeds, samples, length), each number a function of its own three indices.
export function uniforms(seeds, samples, length) {
  const found = new Float64Array(seeds.length * samples * length);
  let place = 0;
  for (const seed of seeds) {
    const begin = scramble(BigInt(seed) & MASK);
    for (let sample = 1; sample <= samples; sample++) {
      const stream = scramble((begin + BigInt(sample) * GOLDEN) & MASK);
      for (let step = 1, at = stream; step <= length; step++) {
        at = (at + GOLDEN) & MASK;
        found[place++] = Number(scramble(at) >> 32n) * 2 ** -32;
      }
    }
  }
  return found;
}

function scramble(z) {
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}
