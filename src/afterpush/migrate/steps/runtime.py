# ruff: noqa: E501 (queries and JavaScript, in lines of their own kind)
"""What the module of steps does when the app starts: the decisions of `decide.py`, in JavaScript."""

RUNTIME = r"""
const rowsOf = (answer) => {
  if (!Array.isArray(answer)) return answer && answer.rows ? answer.rows : [];
  return Array.isArray(answer[0]) ? answer[0] : answer;
};
const keyOf = (change) => change.slice(0, 3).join("\t");
const changesOf = (step, flavour) => (step.changes && step.changes[flavour]) || [];
const isCounter = (key) => key.endsWith("\tcounter");
const isOrder = (key) => key.endsWith("\torder");
const same = (key, expected, found) =>
  isCounter(key) ? Number(found || 1) >= Number(expected || 1)
    : (expected == null && /\t(at|starts|ends)$/.test(key)) || (expected == null ? undefined : expected.replace(/ WITH PARSER \S*$/, "")) === (found == null ? undefined : found);
const set = (state, key, text) => (text == null ? state.delete(key) : state.set(key, text));

// The parts of the schema, as information_schema has them; an order only with the columns that the steps know.
async function look(run, flavour) {
  const state = new Map();
  for (const row of rowsOf(await run(looks[flavour]))) {
    const key = [row.kind, row.object, row.part].map(String).join("\t");
    const text = String(row.text);
    state.set(key, state.has(key) ? state.get(key) + ", " + text : text);
  }
  for (const key of [...state.keys()]) {
    const [kind, name] = key.split("\t");
    if (kind === "table" && !state.has("table\t" + name + "\ttable")) state.delete(key);
  }
  for (const key of [...state.keys()].filter((key) => key.startsWith("sequence\t"))) {
    const name = "`" + key.split("\t")[1].replace(/`/g, "``") + "`";
    const shown = String(Object.values(rowsOf(await run("SHOW CREATE SEQUENCE " + name))[0])[1]);
    state.set(key.replace(/[^\t]*$/, "numbers"), shown.slice(shown.indexOf(name) + name.length).split(" ENGINE=")[0].trim());
  }
  const columns = new Map();
  for (const step of steps) for (const change of changesOf(step, flavour)) {
    if (change[2] !== "order") continue;
    for (const text of [change[3], change[4]]) for (const name of text == null ? [] : text.split(", ")) {
      if (!columns.has(keyOf(change))) columns.set(keyOf(change), new Set());
      columns.get(keyOf(change)).add(name);
    }
  }
  for (const [key, names] of columns) {
    if (state.has(key)) state.set(key, state.get(key).split(", ").filter((name) => names.has(name)).join(", "));
  }
  return state;
}

function initial(flavour) {
  const state = new Map(), seen = new Set();
  for (const step of steps) for (const change of changesOf(step, flavour)) {
    if (!seen.has(keyOf(change))) set(state, keyOf(change), change[3]);
    seen.add(keyOf(change));
  }
  return [state, seen];
}

// The number of the last step whose state this is: -1 before the first, undefined where it is none's.
function stageOf(flavour, live, noted, withOrder) {
  const [state, seen] = initial(flavour);
  const isNew = !state.size && !noted.size && ![...live.keys()].some((key) => seen.has(key));
  for (const step of steps) for (const change of changesOf(step, flavour)) set(state, keyOf(change), change[4]);
  if (isNew && state.size) return -1;
  const known = [...seen].filter((key) => withOrder || !isOrder(key));
  const wrong = new Set(known.filter((key) => !same(key, state.get(key), live.get(key))));
  const found = [];
  for (let number = steps.length - 1; number >= -1; number--) {
    if (!wrong.size) found.push(number);
    for (const change of number < 0 ? [] : changesOf(steps[number], flavour)) {
      const key = keyOf(change);
      if (!withOrder && isOrder(key)) continue;
      if (same(key, change[3], live.get(key))) wrong.delete(key); else wrong.add(key);
    }
  }
  let last = noted.size ? -1 : steps.length;
  while (noted.size && last + 1 < steps.length && (steps[last + 1].kind === "session" || noted.get(steps[last + 1].checksum) === "done")) last++;
  const ahead = found.filter((number) => number >= last);
  return ahead.length ? ahead[ahead.length - 1] : found[0];
}

// Step by step: needed where its parts are as before it, done where they are as after it or a later one.
function byParts(flavour, live) {
  const now = new Map(live);
  return steps.map((step, number) => {
    const all = changesOf(step, flavour);
    if (step.kind !== "schema") return "done";
    let keys = all.map(keyOf).filter((key) => !isOrder(key) && !isCounter(key));
    if (!keys.length) keys = all.map(keyOf);
    const later = new Map();
    for (const other of steps.slice(number)) {
      const changes = changesOf(other, flavour).filter((change) => keys.includes(keyOf(change)));
      if (!changes.length) continue;
      for (const change of changes) set(later, keyOf(change), change[4]);
      if (keys.every((key) => same(key, later.get(key), now.get(key)))) return "done";
    }
    const before = new Map(all.map((change) => [keyOf(change), change[3]]));
    const wrong = keys.filter((key) => !same(key, before.get(key), now.get(key)));
    if (wrong.length) {
      const said = wrong.map((key) => key.replace(/\t/g, " ") + ": here " + (now.get(key) || "nothing"));
      throw new Error(step.file + ":" + step.line + ": in no state of the migrations, nothing was executed: " + said.join("; "));
    }
    for (const change of all) set(now, keyOf(change), change[4]);
    return "needed";
  });
}

// Whether a table that the step names, or else any one, has rows.
async function isFilled(run, step, live) {
  const tables = [...live.keys()].map((key) => key.split("\t")).filter((key) => key[2] === "table" && key[1] !== journal).map((key) => key[1]);
  const words = new Set(step.sql.toLowerCase().split(/[^\w$]+/));
  const named = tables.filter((name) => words.has(name.toLowerCase()));
  for (const name of named.length ? named : tables) {
    if (rowsOf(await run("SELECT 1 AS found FROM `" + name.replace(/`/g, "``") + "` LIMIT 1")).length) return true;
  }
  return false;
}

async function plan(run) {
  const version = String(Object.values(rowsOf(await run("SELECT VERSION() AS version"))[0])[0]);
  const flavour = /mariadb/i.test(version) ? "mariadb" : "mysql";
  if (!looks[flavour]) throw new Error("the steps were not made for " + version + ": consolidate with such a server");
  const live = await look(run, flavour);
  const noted = new Map(rowsOf(await run("SELECT checksum, state FROM " + journal)).map((row) => [String(row.checksum), String(row.state)]));
  let stage = stageOf(flavour, live, noted, true);
  if (stage === undefined) stage = stageOf(flavour, live, noted, false);
  const verdicts = stage === undefined ? byParts(flavour, live) : steps.map((_, number) => (number <= stage ? "done" : "needed"));
  const schema = steps.map((step, number) => number).filter((number) => steps[number].kind === "schema");
  const done = schema.filter((number) => verdicts[number] === "done");
  const ahead = schema.filter((number) => verdicts[number] !== "done");
  const last = done.length ? done[done.length - 1] : -1;
  const names = new Set([...live.keys()].map((key) => key.split("\t")[1]));
  const blocked = new Set(), written = new Set(), found = [];
  const isSure = (number) => noted.size || steps[number].kind !== "data" || steps[number].left_out || stage === -1 || number < last
    || (last >= 0 && (!ahead.length || steps[number].file === steps[last].file)) || (ahead.length > 0 && number > ahead[0]);
  for (let number = 0; number < steps.length; number++) {
    if (isSure(number) || !(await isFilled(run, steps[number], live))) continue;
    if (!ahead.length) {
      written.add(steps[number]);
      continue;
    }
    throw new Error(steps[number].file + ":" + steps[number].line + ": nothing shows whether this file ran here, nothing was executed: "
      + "run `inv migrate.apply --ran-until=FILE` once, with the last file that did");
  }
  steps.forEach((step, number) => {
    if (step.kind === "data") {
      const cameWith = written.has(step) || !noted.size && stage !== -1 && last >= 0
        && (!ahead.length || number < last || (number < ahead[0] && step.file === steps[last].file));
      verdicts[number] = step.left_out || cameWith || noted.get(step.checksum) === "done" ? "done" : "needed";
      if (cameWith) found.push(step);
    }
    const mine = new Set(changesOf(step, flavour).map((change) => change[1]));
    const words = new Set(step.sql.toLowerCase().split(/[^\w$]+/));
    if (verdicts[number] === "needed" && step.kind !== "session") {
      const goes = changesOf(step, flavour).some((change) => change[3] != null && live.has(keyOf(change)))
        || (step.kind === "data" && [...names].some((name) => words.has(name.toLowerCase())));
      const waits = (step.loses && !mayLose && stage !== -1 && goes)
        || [...blocked].some((name) => mine.has(name) || words.has(name.toLowerCase()));
      if (waits) {
        console.error(step.file + ":" + step.line + " waits: " + (step.loses || "for one before it") + " (migrate.destructive)");
        for (const name of mine) blocked.add(name);
        verdicts[number] = "waits";
      }
    }
  });
  const busy = new Set(steps.filter((step, number) => verdicts[number] === "needed" && step.kind !== "session").map((step) => step.file));
  return [steps.filter((step, number) => (step.kind === "session" ? busy.has(step.file) : verdicts[number] === "needed")), found, noted];
}

const quote = (text) => "'" + text.replace(/\\/g, "\\\\").replace(/'/g, "''") + "'";
const row = (step, state) =>
  "(" + quote(step.name.slice(0, 190)) + ", '" + step.checksum + "', '" + state + "', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))";
const note = (verb, rows) => verb + " INTO " + journal + " (step, checksum, state, started_at, finished_at) VALUES " + rows.join(", ");

// In one go: which rows came the old way, and that this database is not a new one from here on.
async function begin(run, found) {
  const first = steps.filter((step) => step.kind === "schema").slice(0, 1).map((step) => row(step, "started"));
  const rows = [...found.map((step) => row(step, "done")), ...first];
  if (rows.length) await run(note("INSERT IGNORE", rows));
}

async function runStep(run, step) {
  if (step.kind !== "data") return run(step.sql);
  await run(note("INSERT", [row(step, "started")]));
  await run(step.sql);
  await run("UPDATE " + journal + " SET state = 'done' WHERE checksum = '" + step.checksum + "'");
}

// Another process may be at the same steps: what fails is looked at again.
async function migrate(run) {
  await run(makeJournal);
  for (let tries = 0; ; tries++) {
    const [needed, found, noted] = await plan(run);
    if (!noted.size) await begin(run, found);
    try {
      for (const step of needed) await runStep(run, step);
      if (needed.some((step) => step.kind === "session")) {
        await run("SET SESSION foreign_key_checks = 1, unique_checks = 1, sql_mode = DEFAULT");
      }
      return;
    } catch (error) {
      if (tries === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

"""
