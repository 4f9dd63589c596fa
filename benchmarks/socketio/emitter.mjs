// Emits to the room through Redis, as another process would. Each line of input is an order: {message, rate, seconds},
// or {message} for one event. The answer is the times of the emits, in ns of the monotonic clock.
import { createInterface } from "node:readline";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";

const client = createClient({ url: `redis://127.0.0.1:${Number(process.argv[2])}` });
await client.connect();
const emitter = new Emitter(client);

function emit(message) {
  const at = process.hrtime.bigint();
  emitter.to("site").emit("station_update", message);
  return String(at);
}

async function burst(message, rate, seconds) {
  const began = performance.now();
  const times = [];
  for (let n = 0; n < rate * seconds; n++) {
    const wait = began + (n * 1000) / rate - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    times.push(emit(message));
  }
  return times;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { message, rate, seconds } = JSON.parse(line);
  console.log(JSON.stringify(rate ? await burst(message, rate, seconds) : [emit(message)]));
}
