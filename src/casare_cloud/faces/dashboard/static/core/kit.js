// Everything of core that pages and their parts are written with.
export * from "./ui.js";
export * from "./api.js";
export * from "./router.js";
export * from "./live.js";
export * from "./session.js";
export * from "./query.js";
export * from "./time.js";
export { useKeys } from "./keys.js";
