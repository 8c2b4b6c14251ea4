"use strict";
// node javascript_host.js SCRIPT WISHES RESULTS: a WinDbg script with the host object that it has in
// WinDbg, as far as Microsoft documents it ("Native Objects in JavaScript Extensions", "JavaScript
// Debugger Scripting"). What the debugger would do is asked of inside/javascript.py, by the
// standard streams. WISHES are expressions in the script, as JSON; RESULTS what they came to.

const fs = require("fs");
const vm = require("vm");

function ask(...question) {
    fs.writeSync(1, JSON.stringify(question) + "\n");
    let line = "";
    const buffer = Buffer.alloc(1);
    while (fs.readSync(0, buffer, 0, 1, null) === 1 && buffer[0] !== 10) {
        line += String.fromCharCode(buffer[0]);
    }
    return JSON.parse(line);
}

const WIDTH = 64;

/** The 64-bit number of the debugger's scripts, with its documented methods alone. */
class Int64 {
    constructor(low, high) {
        this._of((BigInt(high || 0) << 32n) + (BigInt(low) & 0xffffffffn));
    }

    _of(value) {
        Object.defineProperty(this, "_value", { value: BigInt.asUintN(WIDTH, value) });
        return this;
    }

    static _from(value) {
        return Object.create(Int64.prototype)._of(value);
    }

    static _number(value) {
        return value instanceof Int64 ? value._value : BigInt(value);
    }

    add(other) { return Int64._from(this._value + Int64._number(other)); }
    subtract(other) { return Int64._from(this._value - Int64._number(other)); }
    bitwiseAnd(other) { return Int64._from(this._value & Int64._number(other)); }
    getLowPart() { return Number(this._value & 0xffffffffn); }
    getHighPart() { return Number(this._value >> 32n); }
    asNumber() { return Number(this._value); }
    toString(radix) {
        return (radix === 16 ? "0x" : "") + this._value.toString(radix || 10);
    }
}

function readMemoryValues(address, count, size, isSigned) {
    if (isSigned) {
        throw new Error("not used");
    }
    const where = "0x" + Int64._number(address).toString(16);
    const raw = ask("read", where, count * size);
    if (raw === null) {
        throw new Error("Unable to read target memory at " + where);
    }
    const bytes = Buffer.from(raw, "hex");
    return Array.from({ length: count }, (_, index) => size === 8
        ? Int64._from(bytes.readBigUInt64LE(8 * index)) : bytes.readUIntLE(size * index, size));
}

const printed = [];
const host = {
    Int64: Int64,
    parseInt64: (text, radix) => Int64._from(BigInt(
        (radix === 16 && !text.startsWith("0x") ? "0x" : "") + text)),
    memory: { readMemoryValues: readMemoryValues },
    namespace: { Debugger: { Utility: { Control: {
        ExecuteCommand: (command) => ask("command", command),
    } } } },
    diagnostics: { debugLog: (...texts) => printed.push(...texts) },
    apiVersionSupport: class {},
    functionAlias: class {},
    namespacePropertyParent: class {},
};

const [script, wishes, results] = process.argv.slice(2);
const context = vm.createContext({ host: host });
vm.runInContext(fs.readFileSync(script, "utf-8"), context, { filename: script });
const came = JSON.parse(fs.readFileSync(wishes, "utf-8")).map((wish) => {
    printed.length = 0;
    let value = null;
    let error = null;
    try {
        value = vm.runInContext(wish, context);
    } catch (thrown) {
        error = String(thrown);
    }
    return { value: value === undefined ? null : value, error: error, printed: printed.join("") };
});
fs.writeFileSync(results, JSON.stringify(came));
