import { execFileSync } from "node:child_process";
import { root } from "./site";

/** Builds the program that runs sites; the product's own programs are those of `make build`. */
export default function setup() {
  execFileSync("go", ["build", "-o", "build/bin/", "./test/browser"], { cwd: root, stdio: "inherit" });
}
