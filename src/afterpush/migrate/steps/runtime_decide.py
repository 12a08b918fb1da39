# ruff: noqa: E501 (JavaScript, in lines of its own kind)
"""The decisions of `decide.py` in JavaScript, for the module of steps.

The functions are named like those of `decide.py`, `decide_rows.py`, `stage.py` and `timeline.py`; a test
compares their answers.
"""

DECIDE = r"""
const keyOf = (change) => change.slice(0, 3).join("\t");
const changesOf = (step, flavour) => (step.changes && step.changes[flavour]) || [];
const isCounter = (key) => key.endsWith("\tcounter");
const isOrder = (key) => key.endsWith("\torder");
const isTable = (key) => key.endsWith("\ttable");
const objectOf = (key) => key.split("\t")[1];
const place = (step) => step.file + ":" + step.line;
const plain = (text) => (text == null ? undefined : text.replace(/ WITH PARSER \S*$/, ""));
const same = (key, expected, found) =>
  isCounter(key) ? Number(found || 1) >= Number(expected || 1)
    : plain(expected) === plain(found) || (expected == null && /\t(at|starts|ends)$/.test(key));
const set = (state, key, text) => (text == null ? state.delete(key) : state.set(key, text));
const put = (state, changes) => changes.forEach((change) => set(state, keyOf(change), change[4]));
// Every word of the statement but for strings and comments: tables that it reads or changes are among them.
const tokens = /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"|(?:--\s|#)[^\n]*|\/\*(?!!)[^]*?\*\/|`((?:[^`]|``)+)`|([\p{L}\p{N}_$]+)/gu;
function wordsOf(step) {
  const sql = step.sql.length < 200000 ? step.sql : step.sql.slice(0, 20000);
  step.words = step.words || new Set([...sql.matchAll(tokens)].map((one) => (one[1] || "").replace(/``/g, "`") || one[2] || "").map((word) => word.toLowerCase()));
  return step.words;
}
// `column t.a`, `table t`, `view v`: a part for people.
function shown(key) {
  const [kind, name, part] = key.split("\t"), named = /^(column|index|foreign key|check) (.*)$/.exec(part);
  if (kind !== "table") return (kind + " " + name).trim() + (part === kind ? "" : " (" + part + ")");
  return part === "table" ? "table " + name : named ? named[1] + " " + name + "." + named[2] : part + " of table " + name;
}
// `index` of an index: it is itself under any name.
const nameless = (key) => (/\t(index|foreign key|check) [^\t]*$/.exec(key) || [])[1];

// The parts that the steps know, before the first of them and after the last, with all their texts.
function timeline(flavour) {
  const initial = new Map(), final = new Map(), texts = new Map();
  for (const change of steps.flatMap((step) => changesOf(step, flavour))) {
    const key = keyOf(change);
    if (!texts.has(key)) set(initial, key, change[3]);
    if (!texts.has(key)) texts.set(key, new Set());
    for (const text of [change[3], change[4]]) if (text != null) texts.get(key).add(text);
    set(final, key, change[4]);
  }
  return { initial, final, texts };
}

// What the steps know of a live schema, and the live names of what it has under other names.
function knownOf(texts, live) {
  const found = new Map([...live].filter(([key]) => texts.has(key))), names = new Map();
  for (const key of [...found.keys()].filter(isOrder)) {
    const columns = new Set([...texts.get(key)].flatMap((text) => text.split(", ")));
    found.set(key, found.get(key).split(", ").filter((name) => columns.has(name)).join(", "));
  }
  const wanted = [...texts.keys()].filter(nameless).sort();
  for (const [key, text] of live) {
    const kind = texts.has(key) ? undefined : nameless(key);
    const other = kind && wanted.find((other) => nameless(other) === kind && objectOf(other) === objectOf(key) && !found.has(other) && texts.get(other).has(text));
    if (!other) continue;
    found.set(other, text);
    names.set(other, key.split("\t")[2].slice(kind.length + 1));
  }
  return [found, names];
}

// The number of the last step whose state this is: -1 before the first, undefined where it is none's.
function findStage(flavour, { initial, final, texts }, live, noted) {
  if (!noted.size && !live.size && !initial.size && final.size) return -1;
  let last = noted.size ? -1 : steps.length;
  while (noted.size && last + 1 < steps.length && (steps[last + 1].kind === "session" || noted.get(steps[last + 1].checksum) === "done")) last++;
  for (const withOrder of [true, false]) {
    const known = [...texts.keys()].filter((key) => withOrder || !isOrder(key));
    const wrong = new Set(known.filter((key) => !same(key, final.get(key), live.get(key))));
    const found = [];
    for (let number = steps.length - 1; number >= -1; number--) {
      if (!wrong.size) found.push(number);
      for (const change of number < 0 ? [] : changesOf(steps[number], flavour)) {
        const key = keyOf(change);
        if (!withOrder && isOrder(key)) continue;
        if (same(key, change[3], live.get(key))) wrong.delete(key); else wrong.add(key);
      }
    }
    const ahead = found.filter((number) => number >= last);
    if (found.length) return ahead.length ? ahead[ahead.length - 1] : found[0];
  }
}

// Step by step: needed where its parts are as before it, done where they are as after it or a later one. What
// is needed only for another one (a procedure that is called, then dropped) is found in a second pass.
function byParts(flavour, initial, live) {
  for (const forced = new Set(); ;) {
    const now = new Map(live), recorded = new Map(initial), makers = new Map(), more = new Set();
    const decisions = steps.map((step, number) => {
      const changes = changesOf(step, flavour);
      const one = step.kind === "schema" ? byItsParts(flavour, number, now, forced.has(number)) : ["done"];
      if (one[0] === "needed") {
        const there = new Set([...now.keys()].map((key) => objectOf(key).toLowerCase()));
        for (const word of [...recorded.keys()].map((key) => objectOf(key).toLowerCase())) {
          if (!there.has(word) && wordsOf(step).has(word) && makers.has(word)) more.add(makers.get(word));
        }
        put(now, changes);
      }
      put(recorded, changes);
      for (const [kind, name, part, , after] of changes) if (after != null && [kind, "table"].includes(part)) makers.set(name.toLowerCase(), number);
      return one;
    });
    if ([...more].every((number) => forced.has(number))) return decisions;
    more.forEach((number) => forced.add(number));
  }
}

function byItsParts(flavour, number, now, isForced) {
  const all = changesOf(steps[number], flavour);
  let keys = all.map(keyOf).filter((key) => !isOrder(key) && !isCounter(key));
  if (!keys.length) keys = all.map(keyOf);
  const before = new Map(all.map((change) => [keyOf(change), change[3] == null ? undefined : change[3]]));
  const isAs = (state) => keys.every((key) => same(key, state.get(key), now.get(key)));
  if (isForced && isAs(before)) return ["needed"];
  const later = new Map(), states = [before];
  for (const other of steps.slice(number)) {
    const changes = changesOf(other, flavour);
    if (!changes.some((change) => keys.includes(keyOf(change)))) continue;
    put(later, changes);
    if (isAs(later)) return ["done"];
    states.push(new Map(later));
  }
  if (isAs(before)) return ["needed"];
  const wrongIn = (state) => keys.filter((key) => !same(key, state.get(key), now.get(key)));
  const nearest = states.reduce((best, state) => (wrongIn(state).length < wrongIn(best).length ? state : best));
  const said = wrongIn(nearest).sort().map((key) => {
    const expected = [...new Set(states.map((state) => state.get(key) || "nothing").reverse())];
    return shown(key) + ": here " + (now.get(key) || "nothing") + "; expected " + expected.join(" or ");
  });
  return ["drifted", said.join("; ")];
}

// A step for rows runs once, at its place. Which ones the old way wrote, the definitions around them tell.
function withRows(decisions, now, stage) {
  const schema = steps.map((step, number) => number).filter((number) => steps[number].kind === "schema");
  const done = schema.filter((number) => decisions[number][0] === "done");
  const needed = schema.filter((number) => decisions[number][0] !== "done");
  const last = done[done.length - 1];
  const withoutJournal = (step, number) => {
    if (stage !== -1 && done.length && (!needed.length || number < last)) return ["done"];
    if (stage === -1 || (needed.length && number > needed[0])) return ["needed"];
    if (done.length && step.file === steps[last].file) return ["done"];
    const tables = [...now.live.keys()].filter(isTable).map(objectOf);
    const named = tables.filter((name) => wordsOf(step).has(name.toLowerCase()));
    const isFilled = (named.length ? named : tables).some((name) => now.filled.has(name));
    if (isFilled && needed.length) {
      return ["drifted", "nothing shows whether this file ran here: run `inv migrate.apply --ran-until=FILE` once, with the last file that did"];
    }
    return [isFilled ? "done" : "needed"];
  };
  return decisions.map((one, number) => {
    const step = steps[number];
    if (step.kind !== "data") return one;
    if (now.noted.get(step.checksum) === "started") return ["drifted", "it began and did not end: look at its rows, then set its state in " + journal + " to done"];
    if (step.left_out || now.noted.has(step.checksum)) return ["done"];
    if (!now.noted.size) return withoutJournal(step, number);
    const past = done.find((other) => other > number && changesOf(steps[other], now.flavour).some((change) => wordsOf(step).has(change[1].toLowerCase())));
    return past === undefined ? ["needed"] : ["drifted", "its place is before " + place(steps[past]) + ", which is done: run it by hand, or write a later one"];
  });
}

// Without permission, a step that loses what is there waits, and so does what follows on its objects.
function withWaiting(decisions, now) {
  const blocked = new Set();
  return decisions.map((one, number) => {
    const step = steps[number], changes = changesOf(step, now.flavour);
    if (one[0] !== "needed" || step.kind === "session") return one;
    const names = [...new Set(changes.map((change) => change[1]))];
    const lost = (names.length ? names : [...now.filled].filter((name) => wordsOf(step).has(name))).filter((name) => now.filled.has(name));
    const before = changes.filter((change) => change[3] != null && /^(table$|column |partitions$)/.test(change[2])).map(keyOf);
    const isThere = before.length ? before.some((key) => now.live.has(key)) : [...now.live.keys()].some((key) => wordsOf(step).has(objectOf(key).toLowerCase()));
    if (step.loses && lost.length && !mayLose && isThere) {
      lost.forEach((name) => blocked.add(name.toLowerCase()));
      return ["waits", step.loses + "; allow it with migrate.destructive"];
    }
    if (![...names.map((name) => name.toLowerCase()), ...wordsOf(step)].some((name) => blocked.has(name))) return one;
    names.forEach((name) => blocked.add(name.toLowerCase()));
    return ["waits", "it waits for one before it on the same object"];
  });
}

// What is to be done about each step, and why: needed, done, drifted, waits.
function decide(now) {
  const line = timeline(now.flavour);
  const [live, names] = knownOf(line.texts, now.live);
  const stage = findStage(now.flavour, line, live, now.noted);
  let decisions = stage === undefined ? byParts(now.flavour, line.initial, live) : steps.map((step, number) => [number <= stage ? "done" : "needed"]);
  decisions = withWaiting(withRows(decisions, now, stage), now);
  const busy = new Set();
  for (let number = steps.length - 1; number >= 0; number--) {
    const step = steps[number];
    if (step.kind === "session") decisions[number] = [busy.has(step.file) ? "needed" : "done"];
    else if (decisions[number][0] === "needed") busy.add(step.file);
  }
  return [decisions, names];
}
"""
