// `POST /diagnose/stream` from JavaScript, with nothing but `fetch` (Node 18 or newer).
//
//     node examples/clients/diagnose_stream.mjs http://localhost:3000 lesions/00003.png
import { readFile } from "node:fs/promises";

const [url, picture] = process.argv.slice(2);
const body = new FormData();
body.append("image", new Blob([await readFile(picture)]), "lesion");
const response = await fetch(`${url}/diagnose/stream`, { method: "POST", body });
if (!response.ok) {
  const { code, error } = await response.json();
  throw new Error(`${response.status} ${code}: ${error}`);
}

/** The server-sent events of a response: `EventSource` cannot POST. */
async function* events(response) {
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop(); // an event that has not come whole
    for (const block of blocks) {
      if (block.startsWith(":")) continue; // a comment, which keeps the connection open
      const [event, data] = block.split("\n");
      yield [event.replace("event: ", ""), JSON.parse(data.replace("data: ", ""))];
    }
  }
}

let last = "";
for await (const [event, told] of events(response)) {
  console.log(event, told.label ?? told.text ?? told.status ?? told.error ?? "");
  last = event;
}
if (last !== "answer") throw new Error("the stream ended without an answer");
