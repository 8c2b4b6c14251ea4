"use strict";
// regcb in the debugger's own JavaScript: no Python. `regcb install` puts it where WinDbg finds it.
//
//   !regcb                     every registry callback
//   !regcb show 3              one of them, and the code of its function
//   !regcb decode 1 ADDRESS    a REG_*_INFORMATION; without words: the callback that is stopped in
//   dx @$regcb.callbacks.Where(c => c.owner != "WdFilter.sys")
//
// What is known about Windows stands in TABLES, written by `regcb install` from regcb's own tables.
// ECMAScript 2017 at most: the debugger's engine is Chakra.

const TABLES = null; // regcb install

const LIMIT = 10000; // entries of the list
const DEEPEST = 1024; // a key's parents
const LONGEST = 0xffff; // bytes of a path

// --- the debugger -----------------------------------------------------------------------------

function run(command) {
    const lines = [];
    for (const line of host.namespace.Debugger.Utility.Control.ExecuteCommand(command)) {
        lines.push(String(line));
    }
    return lines;
}

/** An expression of the debugger's, as Int64; null where it has no value. */
function evaluate(expression) {
    for (const line of run("? " + expression)) {
        const found = /^Evaluate expression: .* = ([0-9a-f`]+)\s*$/.exec(line);
        if (found) {
            return host.parseInt64(found[1].replace(/`/g, ""), 16);
        }
    }
    return null;
}

/** 0xfffff80412a03458, of a number or an Int64. */
function hex(value) {
    return "0x" + (value.toString(16).replace(/^0x/, "").replace(/^0+/, "").toLowerCase() || "0");
}

function unsigned(address, size) {
    return host.memory.readMemoryValues(address, 1, size)[0];
}

function wide(value) {
    return typeof value === "number" ? new host.Int64(value, 0) : value;
}

/** What the target is, asked anew at every command: symbols may have come, the list has changed. */
class Target {
    constructor() {
        const machine = run(".effmach").join(" ");
        this.architecture = /x64/.test(machine) ? "x64" : /ARM 64/i.test(machine) ? "arm64" : "x86";
        this.pointerSize = this.architecture === "x86" ? 4 : 8;
        const build = evaluate("nt!NtBuildNumber");
        if (build === null) {
            throw new Error("nt!NtBuildNumber has no value: no kernel, or no symbols of it");
        }
        this.build = unsigned(build, 4) & 0xffff;
        this._owners = {};
    }

    row(name) {
        const rows = TABLES[name][this.architecture] || [];
        const row = rows.find((each) => this.build >= each.first);
        if (!row) {
            throw new Error(
                "build " + this.build + " of Windows for " + this.architecture + " is none that " +
                "regcb knows " + name + " of");
        }
        return row.value;
    }

    pointer(address) {
        return wide(unsigned(address, this.pointerSize));
    }

    /** The text of the UNICODE_STRING at an address; null where its Buffer is NULL. */
    text(address, limit) {
        const length = Math.min(unsigned(address, 2), limit) & ~1;
        const buffer = this.pointer(address.add(this.pointerSize));
        if (hex(buffer) === "0x0" || !length) {
            return hex(buffer) === "0x0" ? null : "";
        }
        return characters(host.memory.readMemoryValues(buffer, length / 2, 2));
    }

    /** The driver that an address lies in: its name in the debugger, and its file's. */
    owner(address) {
        const module = (run("lm1ma " + hex(address))[0] || "").trim();
        if (!module) {
            return null;
        }
        if (!(module in this._owners)) {
            const lines = run("lmvm " + module);
            const of = (what) => {
                const line = lines.find((each) => each.trim().startsWith(what + ": "));
                return line ? line.slice(line.indexOf(": ") + 2).trim() : null;
            };
            const path = of("Image path");
            this._owners[module] = {
                module: module, path: path, name: path ? path.split("\\").pop() : of("Image name"),
            };
        }
        return this._owners[module];
    }

    /** module!name+0x1c as the debugger writes it, null in no image. */
    symbol(address) {
        const line = run('.printf "%y\\n", ' + hex(address))[0] || "";
        const found = /^(\S+!?\S*) \([0-9a-f`]+\)/.exec(line);
        return found ? found[1] : null;
    }
}

function characters(values) {
    return Array.from(values).map((each) => String.fromCharCode(each)).join("");
}

/** Control characters of a hostile target do not reach the window. */
function shown(text) {
    return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "?");
}

// --- the list ---------------------------------------------------------------------------------

function readCallbacks(target) {
    const problems = [];
    const callbacks = target.build < TABLES.firstWithList
        ? readVector(target, problems) : readList(target, problems);
    callbacks.forEach((each, index) => { each.index = index; });
    return { callbacks: callbacks, problems: problems };
}

function head(name) {
    const address = evaluate("nt!" + name);
    if (address === null) {
        throw new Error(
            "nt!" + name + " not found: symbols of the kernel are needed (.symfix; .reload)");
    }
    return address;
}

function readList(target, problems) {
    const at = head("CallbackListHead");
    const layout = target.row("blocks");
    const read = {};
    const forward = follow(target, at, layout, false, read, problems);
    if (forward.whole) {
        return forward.callbacks;
    }
    const known = new Set(forward.callbacks.map((each) => each.address));
    const backward = follow(target, at, layout, true, read, problems).callbacks.reverse();
    const rest = backward.filter((each) => !known.has(each.address));
    rest.forEach((each) => { each.found_by = "back-links"; });
    return forward.callbacks.concat(rest);
}

/** The entries in one direction as far as the links hold; the broken place goes to the problems. */
function follow(target, at, layout, backward, read, problems) {
    const size = target.pointerSize;
    const order = [];
    const seen = new Set();
    const place = (entry) => hex(entry) === hex(at) ? "nt!CallbackListHead" : "entry " + hex(entry);
    let previous = at;
    let whole = true;
    try {
        let entry = target.pointer(at.add(backward ? size : 0));
        while (hex(entry) !== hex(at)) {
            if (seen.has(hex(entry)) || seen.size >= LIMIT) {
                throw new Error("loops back, or goes on after " + LIMIT + " entries");
            }
            seen.add(hex(entry));
            const flink = target.pointer(entry);
            const blink = target.pointer(entry.add(size));
            if (hex(backward ? flink : blink) !== hex(previous)) {
                whole = false;
                problems.push(place(entry) + ": " + (backward ? "Flink" : "Blink") + " is " +
                    hex(backward ? flink : blink) + ", not " + hex(previous));
            }
            if (!(hex(entry) in read)) {
                read[hex(entry)] = readBlock(target, layout, entry.subtract(layout.link));
            }
            order.push(read[hex(entry)]);
            previous = entry;
            entry = backward ? blink : flink;
        }
        const last = target.pointer(at.add(backward ? 0 : size));
        if (whole && hex(last) !== hex(previous)) {
            whole = false;
            problems.push("nt!CallbackListHead: " + (backward ? "Flink" : "Blink") + " is " +
                hex(last) + ", but the other way leads to " + hex(previous));
        }
    } catch (error) {
        whole = false;
        problems.push(place(previous) + ": " + (backward ? "Blink" : "Flink") + " leads to what " +
            "cannot be read, or back (" + error.message + ")");
    }
    return { callbacks: order, whole: whole };
}

function readBlock(target, layout, address) {
    const callback = new Callback(address, "list");
    const uses = layout.active_uses === null ? null : unsigned(address.add(layout.active_uses), 4);
    const flags = layout.flags === null ? 0 : unsigned(address.add(layout.flags), 4);
    callback.cookie = hex(unsigned(address.add(layout.cookie), 8));
    callback.context = hex(target.pointer(address.add(layout.caller_context)));
    callback.active_uses = uses === null ? null : (uses & ~layout.pending) >>> 0;
    callback.unregistering = ((uses || 0) & layout.pending) !== 0;
    callback.internal = (flags & TABLES.internal) !== 0;
    attempt(callback, "altitude", () => target.text(address.add(layout.altitude), 0x400) || null);
    attempt(callback, "object_contexts",
        () => count(target, address.add(layout.object_contexts), 100));
    placed(target, callback, target.pointer(address.add(layout.function)));
    return callback;
}

function attempt(callback, name, read) {
    try {
        callback[name] = read();
    } catch (error) {
        callback.problems.push(name + ": " + error.message);
    }
}

function count(target, at, limit) {
    let entries = 0;
    for (let entry = target.pointer(at); hex(entry) !== hex(at); entry = target.pointer(entry)) {
        entries += 1;
        if (entries > limit) {
            return limit;
        }
    }
    return entries;
}

function placed(target, callback, address) {
    callback.function = hex(address);
    const owner = target.owner(address);
    callback.owner = owner && owner.name;
    callback.owner_path = owner && owner.path;
    callback.function_symbol = owner && target.symbol(address);
}

/** XP and Server 2003: CmpCallBackVector. */
function readVector(target, problems) {
    const layout = target.row("vectors");
    const vector = head("CmpCallBackVector");
    const callbacks = [];
    for (let slot = 0; slot < layout.slots; slot += 1) {
        let reference = null;
        try {
            reference = target.pointer(vector.add(slot * target.pointerSize));
        } catch (error) {
            problems.push("nt!CmpCallBackVector cannot be read: " + error.message);
            break;
        }
        const address = reference.bitwiseAnd(new host.Int64(~layout.reference_mask, -1));
        if (hex(address) === "0x0") {
            continue;
        }
        const callback = new Callback(address, "vector");
        callbacks.push(callback);
        try {
            placed(target, callback, target.pointer(address.add(layout.function)));
            const block = target.pointer(address.add(layout.context));
            callback.cookie = hex(unsigned(block.add(layout.cookie), 8));
            callback.context = hex(target.pointer(block.add(layout.caller_context)));
        } catch (error) {
            callback.problems.push(error.message);
            problems.push("slot " + slot + ": " + error.message);
        }
    }
    return callbacks;
}

/** One registered callback: the fields of `regcb list --json`. */
class Callback {
    constructor(address, foundBy) {
        this.index = null;
        this.address = hex(address);
        this.altitude = null;
        this.function = null;
        this.function_symbol = null;
        this.owner = null;
        this.owner_path = null;
        this.context = null;
        this.cookie = null;
        this.active_uses = null;
        this.unregistering = false;
        this.internal = false;
        this.object_contexts = null;
        this.found_by = foundBy;
        this.problems = [];
    }

    toString() {
        return shown([this.altitude || "no altitude", this.function_symbol || this.function,
            this.owner || "no driver"].join("  "));
    }
}

// --- a notification ---------------------------------------------------------------------------

/** A class by its number or name and the address of its structure, as Int64 or number. */
function readNotification(target, wanted, address) {
    const about = TABLES.classes[wanted] ||
        Object.values(TABLES.classes).find((each) => [each.name, each.alias].includes(wanted));
    if (!about) {
        throw new Error("no notify class " + wanted + ": a number from 0 to 50, or RegNtPre...");
    }
    return decode(target, about, wide(address), true);
}

function decode(target, about, address, follows) {
    const name = structureName(target, about, address);
    const members = TABLES.structures[target.pointerSize][name];
    const notification = {
        class: { number: about.number, name: about.name },
        structure: name,
        address: hex(address),
        fields: [],
        pre: null,
    };
    for (const member of members) {
        const field = { name: member.name, offset: member.offset, type: member.type, value: null,
            text: null, problem: null };
        notification.fields.push(field);
        try {
            const value = unsigned(address.add(member.offset), member.size);
            field.value = hex(value);
            field.text = textOf(target, member, wide(value));
        } catch (error) {
            field.problem = error.message;
        }
    }
    setValueText(notification.fields);
    notification.key = keyOf(notification.fields);
    const pre = notification.fields.find((each) => each.name === "PreInformation");
    if (follows && pre && pre.value !== null && pre.value !== "0x0" && about.pair !== null) {
        notification.pre =
            decode(target, TABLES.classes[about.pair], host.parseInt64(pre.value, 16), false);
        notification.key = notification.pre.key || notification.key;
    }
    return notification;
}

/** The newer forms have a Version where the older have a Reserved 0. */
function structureName(target, about, address) {
    if (about.structures.length === 1) {
        return about.structures[0];
    }
    const members = TABLES.structures[target.pointerSize][about.structures[0]];
    const version = members.find((each) => each.name === "Version");
    const older = hex(unsigned(address.add(version.offset), version.size)) === "0x0";
    return about.structures[older ? 1 : 0];
}

function textOf(target, member, value) {
    if (hex(value) === "0x0") {
        return null;
    }
    if (member.type === "PUNICODE_STRING") {
        return target.text(value, LONGEST);
    }
    if (TABLES.keyObjects.includes(member.name)) {
        return keyPath(target, value);
    }
    return null;
}

/** The data that a value is to be set to, as far as its type says how to read it. */
function setValueText(fields) {
    const field = (name) => fields.find((each) => each.name === name && each.value !== null);
    const [type, data, size] = ["Type", "Data", "DataSize"].map(field);
    if (!type || !data || !size || data.value === "0x0") {
        return;
    }
    const number = Number(type.value);
    const length = Math.min(Number(size.value), TABLES.dataLimit);
    type.text = TABLES.valueTypes[number] || null;
    try {
        const bytes = host.memory.readMemoryValues(host.parseInt64(data.value, 16), length, 1);
        data.text = dataText(type.text, Array.from(bytes));
    } catch (error) {
        data.problem = error.message;
    }
}

function dataText(type, bytes) {
    if (["REG_SZ", "REG_EXPAND_SZ", "REG_LINK", "REG_MULTI_SZ"].includes(type)) {
        const units = bytes.filter((_, index) => index % 2 === 0 && index + 1 < bytes.length)
            .map((low, index) => low + 256 * bytes[2 * index + 1]);
        return '"' + characters(units).replace(/\0+$/, "").replace(/\0/g, '", "') + '"';
    }
    if (type === "REG_DWORD" && bytes.length === 4) {
        return hex(new DataView(new Uint8Array(bytes).buffer).getUint32(0, true));
    }
    return bytes.slice(0, 32).map((each) => (each + 256).toString(16).slice(1)).join(" ");
}

function keyOf(fields) {
    const text = (name) => {
        const field = fields.find((each) => each.name === name);
        return field ? field.text : null;
    };
    const complete = text("CompleteName");
    if (complete && complete.startsWith("\\")) {
        return complete;
    }
    const name = text("RemainingName") || complete;
    const root = text("RootObject") || text("Object");
    return root && name ? root + "\\" + name : root;
}

// --- a key object -----------------------------------------------------------------------------

function keyPath(target, object) {
    if (unsigned(object, 4) !== TABLES.keyBodyType) {
        return null;
    }
    const layout = target.row("keyControlBlocks");
    const body = target.row("keyBodies");
    let block = target.pointer(object.add(body.key_control_block))
        .bitwiseAnd(new host.Int64(~1, -1));
    const names = [];
    for (let depth = 0; depth < DEEPEST; depth += 1) {
        const cached = layout.full_name === null ? null : cachedName(target, block, layout);
        if (cached !== null && !names.length) {
            return cached;
        }
        const parent = target.pointer(block.add(layout.parent));
        const flags = unsigned(block.add(layout.flags), 4) >>> 16;
        const isHive = layout.skips_hive_entries && (flags & TABLES.keyHiveEntry) !== 0;
        if (!(isHive && hex(parent) !== "0x0")) {
            names.unshift(blockName(target, target.pointer(block.add(layout.name_block))));
        }
        if (hex(parent) === "0x0") {
            return names.map((each) => "\\" + each).join("");
        }
        block = parent;
    }
    return null;
}

/** FullKCBName, which a rename leaves stale (bit 0). */
function cachedName(target, block, layout) {
    const pointer = target.pointer(block.add(layout.full_name));
    if (hex(pointer) === "0x0" || (pointer.getLowPart() & 1) !== 0) {
        return null;
    }
    return target.text(pointer, LONGEST) || null;
}

function blockName(target, address) {
    const layout = TABLES.nameBlocks[target.pointerSize];
    const compressed = (unsigned(address, 1) & 1) !== 0;
    const length = unsigned(address.add(layout.name_length), 2);
    const size = compressed ? 1 : 2;
    if (length < size) {
        return "";
    }
    return characters(host.memory.readMemoryValues(
        address.add(layout.name), Math.floor(length / size), size));
}

// --- what the user types ----------------------------------------------------------------------

/** dx @$regcb: everything about this target's registry callbacks. */
class Regcb {
    get callbacks() {
        return readCallbacks(new Target()).callbacks;
    }

    get problems() {
        return readCallbacks(new Target()).problems;
    }

    decode(wanted, address) {
        return readNotification(new Target(), wanted, address);
    }

    toString() {
        return "registry callbacks";
    }
}

const COMMANDS = {
    list: () => listLines(readCallbacks(new Target())),
    show: (number) => showLines(new Target(), number),
    decode: (wanted, address) => decodeLines(new Target(), wanted, address),
};

/** !regcb WORD..., of those that command.wds does not give to Python. */
function command() {
    const words = Array.from(arguments).map(String).filter((each) => each !== "");
    const name = words.shift() || "list";
    let lines;
    try {
        lines = COMMANDS[name].apply(null, words);
    } catch (error) {
        lines = ["regcb: " + error.message];
    }
    lines.forEach((line) => host.diagnostics.debugLog(shown(line) + "\n"));
}

/** `!regcb` with words and `@$regcb` are the debugger's own alias and variable. */
function setUp() {
    try {
        run("$$<" + TABLES.startup);
    } catch (error) {
        host.diagnostics.debugLog("regcb: for !regcb and @$regcb: $$<" + TABLES.startup + "\n");
    }
}

function columns(rows) {
    const widths = rows[0].map((_, column) =>
        Math.max.apply(null, rows.map((row) => row[column].length)));
    return rows.map((row) =>
        row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd());
}

function listLines(found) {
    const rows = found.callbacks.map((each) => [String(each.index), each.altitude || "-",
        each.function_symbol || each.function || "?", each.owner || "none", each.context || "?",
        each.cookie || "?"].map(shown));
    const table = columns([["#", "Altitude", "Function", "Driver", "Context", "Cookie"]]
        .concat(rows));
    const broken = found.callbacks.filter((each) => each.problems.length)
        .map((each) => "#" + each.index + ": " + each.problems.join("; "));
    return table.concat(found.problems, broken);
}

function showLines(target, number) {
    const callback = readCallbacks(target).callbacks[Number(number)];
    if (!callback) {
        throw new Error("no callback " + number + ": !regcb lists them");
    }
    const rows = Object.keys(callback).map((name) => [name, String(callback[name])]);
    return columns(rows).concat(run("u " + callback.function));
}

function isAtCallback(target) {
    const here = hex(evaluate("@$ip"));
    return readCallbacks(target).callbacks.some((each) => each.function === here);
}

function decodeLines(target, wanted, address) {
    const at = TABLES.arguments[target.architecture];
    const number = wanted === undefined ? evaluate(at.class).getLowPart() : wanted;
    if (wanted === undefined && !isAtCallback(target)) {
        throw new Error("the target is not stopped at a registry callback's first instruction: " +
            "set a breakpoint there (!regcb lists them) and go, or !regcb decode CLASS ADDRESS");
    }
    const where = evaluate(address === undefined ? at.information : address);
    if (where === null) {
        throw new Error(address + " is no address");
    }
    const notification = readNotification(target, String(number), where);
    const lines = [notification.class.name + " (" + notification.class.number + ")  " +
        (notification.key || "")];
    for (const part of [notification, notification.pre]) {
        if (part) {
            lines.push(part.structure + " at " + part.address);
            const rows = part.fields.map((each) => ["  +" + hex(each.offset), each.name,
                each.value || "?", each.text || each.problem || ""].map(shown));
            lines.push.apply(lines, columns(rows));
        }
    }
    return lines;
}

function initializeScript() {
    setUp();
    return [
        new host.apiVersionSupport(1, 2),
        new host.functionAlias(command, "regcb_command"),
        new host.namespacePropertyParent(
            Regcb, "Debugger.Models.Session", "Debugger.Models.Session.Regcb", "Regcb"),
    ];
}
