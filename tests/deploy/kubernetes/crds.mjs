// Checks custom resources, a JSON array on standard input, against the schemas of their CRDs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const operator = "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
const from = {
  ScaledObject: "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject",
  PodMonitor: `${operator}/PodMonitor`,
  PrometheusRule: `${operator}/PrometheusRule`,
};

const objects = JSON.parse(readFileSync(0, "utf8"));
for (const object of objects) {
  const file = join(process.cwd(), "node_modules", `${from[object.kind]}.js`);
  const { [object.kind]: Model } = await import(pathToFileURL(file));
  new Model(object).validate(); // throws
}
console.log(`${objects.length} passed, 0 failed`);
