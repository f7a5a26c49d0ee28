// Makes the proof of work that a form asks for: for each part a number, so that
// SHA-256 of "TOKEN:PART:NUMBER" begins with enough zero bits. It runs while the
// form is filled in, in slices that leave the page its time. The hash is written
// out here because the one of browsers answers too slowly for so many short texts,
// and not at all over plain HTTP.

const K = new Int32Array(64);
const START = new Int32Array(8);

// The constants of SHA-256 are the first bits of roots of primes.
for (let n = 2, at = 0; at < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
  if (!prime) continue;
  if (at < 8) START[at] = (Math.sqrt(n) % 1) * 2 ** 32;
  K[at++] = (Math.cbrt(n) % 1) * 2 ** 32;
}

const W = new Int32Array(64);

// first returns the first 32 bits of the hash of the block that W begins with.
function first() {
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    W[i] = W[i - 16] + s0 + W[i - 7] + s1;
  }
  let a = START[0], b = START[1], c = START[2], d = START[3];
  let e = START[4], f = START[5], g = START[6], h = START[7];
  for (let i = 0; i < 64; i++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const t = h + s1 + (e & f ^ ~e & g) + K[i] + W[i] | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const u = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g; g = f; f = e; e = d + t | 0;
    d = c; c = b; b = a; a = t + u | 0;
  }
  return START[0] + a | 0;
}

// put writes a text of ASCII into W from a place on.
function put(text, at) {
  for (let i = 0; i < text.length; i++, at++) W[at >> 2] |= text.charCodeAt(i) << 24 - at % 4 * 8;
}

// search finds the number of a part from one on, until its time is up. Prefix and
// number fit into one block of 55 bytes.
function search(prefix, from, bits, until) {
  W.fill(0, 0, 16);
  put(prefix, 0);
  const start = W.slice(0, 16);
  for (let n = from; ; n++) {
    const number = String(n), length = prefix.length + number.length;
    W.set(start);
    put(number, prefix.length);
    W[length >> 2] |= 0x80 << 24 - length % 4 * 8;
    W[15] = length * 8;
    if (first() >>> 32 - bits === 0) return { n, found: true };
    if (n % 256 === 0 && performance.now() > until) return { n: n + 1, found: false };
  }
}

// solve returns what a form with that token sends as its proof of work.
export async function solve(token, { parts, bits }) {
  const numbers = [];
  for (let part = 0; part < parts; part++) {
    for (let at = { n: 0, found: false }; ;) {
      at = search(`${token}:${part}:`, at.n, bits, performance.now() + 30);
      if (at.found) {
        numbers.push(at.n);
        break;
      }
      await new Promise(then => setTimeout(then));
    }
  }
  return numbers.join();
}

for (const input of document.querySelectorAll("input[data-work]")) {
  const [parts, bits] = input.dataset.work.split("x").map(Number);
  solve(input.form.elements.form.value, { parts, bits }).then(work => {
    input.value = work;
    for (const note of input.form.querySelectorAll("[data-work-done]")) note.textContent = note.dataset.workDone;
  });
}
