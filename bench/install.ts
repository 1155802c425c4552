import { productionSize } from "../test/cost/production-size.ts";
import type { Report } from "./bench.ts";

/** What `npm install --omit=dev` brings. */
export async function install(): Promise<Report> {
  const { packages, files, bytes, largest } = await productionSize();
  const one = (value: number) => ({ median: value, min: value, max: value });
  const figures = { packages: one(packages), files: one(files), MB: one(bytes / 1e6) };
  const names = largest.map(({ name, bytes }) => `${name} ${(bytes / 1e6).toFixed(1)} MB`);
  return {
    tables: [
      {
        title: "Install: packages that the product needs",
        results: [{ name: "my-bot", figures, ratios: {}, rounds: [] }],
        remarks: [`The largest: ${names.join(", ")}`],
      },
    ],
    goals: [],
  };
}
