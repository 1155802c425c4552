// Loaded before a server whose disk is to be slow: `node --import`. Only what waits for the disk is.
import fs from "node:fs";

const SLOW_MS = 200;
const { fsync } = fs;
fs.fsync = (file, done) => void setTimeout(fsync, SLOW_MS, file, done);
