// What src/run-task.ts starts in a thread of its own.
import { serveTask } from "../dist/main.js";

await serveTask();
