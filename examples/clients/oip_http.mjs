// The Open Inference Protocol over HTTP from JavaScript, with nothing but `fetch`: a picture behind
// the JSON as it is, without base64.
//
//     node examples/clients/oip_http.mjs http://localhost:3000 lesions/00003.png
import { readFile } from "node:fs/promises";

const [url, picture] = process.argv.slice(2);
const image = await readFile(picture);
const length = Buffer.alloc(4);
length.writeUInt32LE(image.length); // an element of BYTES is its length, then itself
const data = Buffer.concat([length, image]);
const names = ["disease.label", "disease.probability", "caption.text"];
const header = Buffer.from(
  JSON.stringify({
    inputs: [
      {
        name: "image",
        shape: [1],
        datatype: "BYTES",
        parameters: { binary_data_size: data.length },
      },
    ],
    outputs: names.map((name) => ({ name })),
  }),
);
const response = await fetch(`${url}/v2/models/demo/infer`, {
  method: "POST",
  headers: { "inference-header-content-length": String(header.length) },
  body: Buffer.concat([header, data]),
});
const answer = await response.json();
if (!response.ok) throw new Error(`${response.status}: ${answer.error}`);
for (const { name, data } of answer.outputs) console.log(name, data[0]);
