"use strict";
// Preloaded: notes each file that the process loads as a module, of either kind, as V8 parses it, and tells on the
// message "modules".
const { Session } = require("node:inspector");

const loaded = new Set();
const session = new Session();
session.connect();
session.on("Debugger.scriptParsed", ({ params: { url } }) => {
  if (url.startsWith("file://") && !url.endsWith("/modules.cjs")) loaded.add(url);
});
session.post("Debugger.enable");

process.on("message", (message) => {
  if (message === "modules") process.send?.({ modules: [...loaded] });
});
process.channel?.unref();
