// Checks custom resources, a JSON array on standard input, against the schemas of their CRDs.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const installed = createRequire(join(process.cwd(), "node_modules", "anything.js"));
const operator = "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
const from = {
  ScaledObject: "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject",
  PodMonitor: `${operator}/PodMonitor`,
  PrometheusRule: `${operator}/PrometheusRule`,
};

const objects = JSON.parse(readFileSync(0, "utf8"));
for (const object of objects) {
  const Model = installed(from[object.kind])[object.kind];
  new Model(object).validate(); // throws
}
console.log(`${objects.length} passed, 0 failed`);
