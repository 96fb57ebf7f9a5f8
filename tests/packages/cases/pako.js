const pako = require('pako');
module.exports = () => {
  const text = 'hookd '.repeat(300);
  const packed = pako.gzip(new TextEncoder().encode(text));
  const streamed = new pako.Inflate();
  const raw = pako.deflate(new Uint8Array([1, 2, 3, 3, 3, 3]), { level: 9 });
  for (let at = 0; at < raw.length; at += 4) streamed.push(raw.subarray(at, at + 4), at + 4 >= raw.length);
  let wrong;
  try {
    pako.inflate(new Uint8Array([1, 2, 3]));
  } catch (error) {
    wrong = String(error.message ?? error);
  }
  return [new TextDecoder().decode(pako.ungzip(packed)) === text, packed.length, Array.from(raw), Array.from(streamed.result), wrong, Array.from(pako.inflateRaw(pako.deflateRaw(new Uint8Array([9, 9, 9]))))];
};
