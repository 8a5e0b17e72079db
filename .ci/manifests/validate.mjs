// Validates manifests against the schemas that Kubernetes and the Prometheus Operator publish.
// Usage: node validate.mjs FILE...   (YAML, any number of documents each)
//
// Two passes, since neither sees everything: the compiled JSON Schemas know what is required and which
// values are allowed, but let unknown fields pass; TypeScript refuses those. Before the manifests, errors
// planted into them must be refused, or nothing here is worth anything.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { loadAll } from "js-yaml";

// Google's Config Connector publishes no such package; the Java tests check its kinds.
const UNPUBLISHED = /\.cnrm\.cloud\.google\.com\//;

function moduleOf({ apiVersion, kind }) {
  return apiVersion.startsWith("monitoring.coreos.com/")
    ? `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`
    : `kubernetes-models/${apiVersion}/${kind}`;
}

function nameOf({ kind, metadata }) {
  return `${kind} ${metadata?.namespace ?? ""}/${metadata?.name}`;
}

async function schemaProblems(documents) {
  const problems = [];
  for (const { file, object } of documents) {
    try {
      const module = await import(moduleOf(object));
      new module[object.kind](object).validate();
    } catch (e) {
      problems.push(`${file}: ${nameOf(object)}: ${e.message}`);
    }
  }
  return problems;
}

function typeProblems(documents) {
  const source = path.join(import.meta.dirname, "manifests.check.ts");
  fs.writeFileSync(
    source,
    documents
      .map(
        ({ file, object }, i) =>
          `import type { I${object.kind} as I${i} } from ${JSON.stringify(moduleOf(object))};\n` +
          `// ${file}: ${nameOf(object)}\nexport const o${i}: I${i} = ${JSON.stringify(object)};\n`,
      )
      .join("\n"),
  );
  const tsc = path.join(import.meta.dirname, "node_modules/typescript/bin/tsc");
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
  try {
    execFileSync(process.execPath, [tsc, ...flags, source], { encoding: "utf8", stdio: "pipe" });
    return [];
  } catch (e) {
    return `${e.stdout}${e.stderr}`.trim().split("\n");
  } finally {
    fs.rmSync(source);
  }
}

function read(files) {
  return files.flatMap((file) =>
    loadAll(fs.readFileSync(file, "utf8"))
      .filter((object) => object)
      .map((object) => ({ file, object })),
  );
}

// ---- The check itself: an error planted into each kind must be refused ----

function plantedIn(documents, change) {
  const kinds = new Map(documents.map((document) => [document.object.kind, document]));
  return [...kinds.values()].flatMap(({ file, object }) => {
    const planted = structuredClone(object);
    return change(planted) ? [{ file, object: planted }] : [];
  });
}

function unknownField(object) {
  (object.spec ?? object).replicsa = 2;
  return true;
}

function wrongType(object) {
  object.metadata.name = 7;
  return true;
}

function missingField(object) {
  const required = { Deployment: ["spec", "selector"], RoleBinding: ["", "roleRef"], PodMonitor: ["spec", "selector"] };
  const [parent, field] = required[object.kind] ?? [];
  return field !== undefined && delete (parent ? object[parent] : object)[field];
}

async function selfTest(documents) {
  const missed = [];
  const unknown = plantedIn(documents, unknownField);
  const refused = typeProblems(unknown).filter((line) => line.includes("replicsa")).length;
  if (refused !== unknown.length) {
    missed.push(`of ${unknown.length} unknown fields ${refused} were refused`);
  }
  for (const [what, change] of Object.entries({ wrongType, missingField })) {
    for (const document of plantedIn(documents, change)) {
      if ((await schemaProblems([document])).length === 0) {
        missed.push(`${what} in ${nameOf(document.object)} was not refused`);
      }
    }
  }
  return missed;
}

const all = read(process.argv.slice(2));
const documents = all.filter(({ object }) => !UNPUBLISHED.test(object.apiVersion));
const missed = await selfTest(documents);
const problems = [...(await schemaProblems(documents)), ...typeProblems(documents)];
for (const line of [...missed, ...problems]) {
  console.error(line);
}
console.log(
  `${documents.length} objects checked against the published schemas, ${all.length - documents.length} have none; ` +
    `${problems.length} problems, ${missed.length} planted errors missed`,
);
process.exit(missed.length + problems.length > 0 || documents.length === 0 ? 1 : 0);
