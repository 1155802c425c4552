#!/usr/bin/env node
"use strict";
// CommonJS on purpose: libuv reads the pool's size when it is first used, and an ES module is loaded through that
// pool, so setting it inside one is too late. Each event's fsync takes a thread of this pool.
process.env.UV_THREADPOOL_SIZE ||= "16";

import("../dist/cli/main.js").catch((error) => {
  const missing =
    error &&
    error.code === "ERR_MODULE_NOT_FOUND" &&
    String(error.url).endsWith("/dist/cli/main.js");
  console.error(missing ? "Cannot start my-bot: it is not built yet. Run: npm install" : error);
  process.exit(1);
});
