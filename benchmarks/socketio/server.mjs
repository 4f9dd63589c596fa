// A Socket.IO server whose sockets all hear one room, on as many processes as are started: node server.mjs PORT REDIS
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [port, redis] = process.argv.slice(2).map(Number);
const publishing = createClient({ url: `redis://127.0.0.1:${redis}` });
const subscribed = publishing.duplicate();
await Promise.all([publishing.connect(), subscribed.connect()]);

const server = createServer();
const io = new Server(server, {
  adapter: createAdapter(publishing, subscribed),
  transports: ["websocket"],
  serveClient: false,
});
io.on("connection", (socket) => socket.join("site"));
server.listen(port, "127.0.0.1");
