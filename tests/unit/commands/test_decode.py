"""``regcb decode``: at an address, and at the stop."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykd_ext.commands import decode
from pykd_ext.kernel.layouts import BLOCKS
from pykd_ext.kernel.listing import target_facts
from pykd_ext.notify.decode import DATA_LIMIT
from pykd_ext.notify.notification_call import read_notification_call
from pykd_ext.notify.values import VALUE_TYPES
from pykd_ext.present.notification import notification_text
from pykd_ext.present.output import to_dml
from pykd_ext.target import Module
from pykd_ext.target.architecture import ARCHITECTURES
from pykd_ext.target.errors import MemoryUnreadable, RegcbError
from pykd_ext.target.memory import PAGE, Memory
from pykd_ext.target.registers import CONTEXTS
from tests.lab import Truth
from tests.support.byte_command import run_command
from tests.support.byte_target import ByteTarget, Pen
from tests.support.regcb import MakeDump, Regcb
from tests.support.registry import Registry
from tests.support.schemas import validate

ACCESS_DENIED = 0xC0000022

# Where a test's machine has the arguments of a function's first instruction; x86: on the stack.
ARGUMENTS = {"x64": ("rcx", "rdx", "r8"), "arm64": ("x0", "x1", "x2")}
COUNTERS = {"x64": "rip", "x86": "eip", "arm64": "pc"}


@pytest.fixture(params=["x64", "x86", "arm64"])
def pen(request: pytest.FixtureRequest) -> Pen:
    return Pen(request.param)


def text_of(pen: Pen, *words: str) -> str:
    return run_command(decode, pen.target, words)


def json_of(pen: Pen, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text_of(pen, *words, "--json"))
    validate(document)
    return document


def set_value(pen: Pen, data: bytes, value_type: str = "REG_SZ", name: str = "Start") -> int:
    return pen.structure(
        "REG_SET_VALUE_KEY_INFORMATION",
        Object=pen.missing,
        ValueName=pen.string(name),
        Type=VALUE_TYPES[value_type],
        Data=pen.data(data),
        DataSize=len(data),
    )


def post(pen: Pen, pre: int, status: int) -> int:
    return pen.structure(
        "REG_POST_OPERATION_INFORMATION",
        Object=pen.missing,
        Status=status,
        ReturnStatus=status,
        PreInformation=pre,
    )


def stop_at(pen: Pen, counter: int, context: int, number: int, information: int) -> None:
    """Stops the target's thread where a function has just been called."""
    architecture = pen.target.architecture
    pen.target.registers = {COUNTERS[architecture]: counter}
    arguments = (context, number, information)
    if architecture == "x86":
        words = (0x8C00_1234, *arguments)
        pen.target.registers["esp"] = pen.data(b"".join(map(pen.word, words)))
    else:
        pen.target.registers.update(zip(ARGUMENTS[architecture], arguments))


FUNCTION, OTHER_FUNCTION = 0x8B00_1000, 0x8B00_2000


def register_callbacks(pen: Pen, *callbacks: tuple[int, int, bool]) -> list[int]:
    """A list of callbacks, each of a function, a context and whether it is internal."""
    layout = BLOCKS.layout(pen.target)
    head = pen.data(bytes(16))
    blocks = [pen.data(bytes(layout.size)) for _ in callbacks]
    altitude = pen.data("320000".encode("utf-16-le"))
    for block, (function, context, internal) in zip(blocks, callbacks):
        assert layout.flags is not None
        pen.target.write(block + layout.flags, bytes([internal]))
        pen.target.write(block + layout.caller_context, pen.word(context))
        pen.target.write(block + layout.function, pen.word(function))
        lengths = (12).to_bytes(2, "little") * 2
        pen.target.write(block + layout.altitude, lengths.ljust(pen.pointer_size, b"\0"))
        pen.target.write(block + layout.altitude + pen.pointer_size, pen.word(altitude))
        contexts = block + layout.object_contexts
        pen.target.write(contexts, pen.word(contexts) * 2)
    ring = [head, *blocks, head]
    for before, after in zip(ring, ring[1:]):
        pen.target.write(before, pen.word(after))
        pen.target.write(after + pen.pointer_size, pen.word(before))
    pen.target.symbols = {
        "CallbackListHead": head,
        "A_Callback": FUNCTION,
        "Other": OTHER_FUNCTION,
    }
    return blocks


def utf16(text: str) -> bytes:
    return f"{text}\0".encode("utf-16-le")


def test_a_set_value_in_a_sentence_and_member_by_member(pen: Pen) -> None:
    address = set_value(pen, utf16("C:\\a.exe"))
    first, _, second, *rows = text_of(pen, "SetValueKey", hex(address)).splitlines()
    assert first.startswith("RegNtPreSetValueKey  (key object ")
    assert first.endswith("value 'Start' = REG_SZ \"C:\\a.exe\"")
    assert second.startswith("REG_SET_VALUE_KEY_INFORMATION at ")
    members = {row.split()[1]: row.split()[3:] for row in rows if row.startswith("+")}
    assert members["ValueName"] == ["Start"]
    assert members["Type"] == ["REG_SZ"]
    assert members["Data"] == ['"C:\\a.exe"']
    assert members["CallContext"] == []


@pytest.mark.parametrize("name", ["1", "0x1", "regntsetvaluekey", "RegNtPreSetValueKey"])
def test_a_class_has_several_names(name: str) -> None:
    pen = Pen("x64")
    address = set_value(pen, utf16("a"))
    high, low = f"{address:016x}"[:8], f"{address:016x}"[8:]
    for form in (hex(address), f"{high}`{low}", f"{address:X}"):
        assert json_of(pen, name, form)["class"]["number"] == 1


def test_a_denied_operation(pen: Pen) -> None:
    pre = set_value(pen, (7).to_bytes(4, "little"), "REG_DWORD")
    address = post(pen, pre, ACCESS_DENIED)
    output = text_of(pen, "RegNtPostSetValueKey", hex(address))
    first = output.splitlines()[0]
    assert first.startswith("RegNtPostSetValueKey  ")
    assert first.endswith("value 'Start' = REG_DWORD 0x7 (7)  failed: STATUS_ACCESS_DENIED")
    assert "REG_POST_OPERATION_INFORMATION at " in output
    assert "REG_SET_VALUE_KEY_INFORMATION at " in output


def test_a_key_is_shown_by_its_full_path() -> None:
    registry = Registry("x64", 19041)
    path = "\\REGISTRY\\MACHINE\\System\\Select"
    block = registry.block("SELECT", FullKCBName=registry.string(path))
    address = registry.structure(
        "REG_DELETE_VALUE_KEY_INFORMATION",
        Object=registry.key(block),
        ValueName=registry.string("Current"),
    )
    (key,) = json_of(registry, "2", hex(address))["keys"]
    assert key["path"] == path
    first = text_of(registry, "2", hex(address)).splitlines()[0]
    assert first == f"RegNtPreDeleteValueKey  {path}  value 'Current'"


def test_a_deleted_key_is_told() -> None:
    registry = Registry("x64", 19041)
    key = registry.key(registry.block("REGISTRY", ExtFlags=1 << 17))
    address = registry.structure("REG_DELETE_KEY_INFORMATION", Object=key)
    assert json_of(registry, "0", hex(address))["problems"] == [f"key object {key:#x} is deleted"]


def test_an_undefined_object_is_not_followed() -> None:
    registry = Registry("x64", 19041)
    root = registry.key(registry.block("REGISTRY"))
    opened = registry.structure(
        "REG_OPEN_KEY_INFORMATION_V1",
        RootObject=root,
        RemainingName=registry.string("MACHINE\\Software"),
        CompleteName=registry.string("\\REGISTRY\\MACHINE\\Software"),
        DesiredAccess=0x20019,
        Version=1,
    )
    address = hex(post(registry, opened, ACCESS_DENIED))
    assert json_of(registry, "29", address)["problems"] == []
    assert text_of(registry, "29", address).splitlines()[0] == (
        "RegNtPostOpenKeyEx  \\REGISTRY\\MACHINE\\Software  for KEY_READ  "
        "failed: STATUS_ACCESS_DENIED"
    )


def test_json_says_it_all(pen: Pen) -> None:
    pre = set_value(pen, b"\x01\x02", "REG_BINARY")
    document = json_of(pen, "16", hex(post(pen, pre, ACCESS_DENIED)))
    assert document["class"] == {"number": 16, "name": "RegNtPostSetValueKey", "pre_post": "post"}
    assert document["structure"] == "REG_POST_OPERATION_INFORMATION"
    assert document["status"] == {"value": "0xc0000022", "name": "STATUS_ACCESS_DENIED"}
    assert document["target"]["architecture"] == pen.target.architecture
    before = document["pre"]
    assert before["address"] == hex(pre)
    assert before["value"] == {
        "type": 3, "type_name": "REG_BINARY", "size": 2, "data": "0102", "text": "01 02 (2 bytes)",
    }  # fmt: skip
    (name,) = (each for each in before["fields"] if each["name"] == "ValueName")
    assert (name["type"], name["text"]) == ("PUNICODE_STRING", "Start")
    assert name["offset"] == pen.pointer_size
    assert document["keys"] == before["keys"]
    assert document["keys"][0]["root"] == hex(pen.missing)


def test_the_data_is_cut_unless_asked_for(pen: Pen) -> None:
    data = bytes(range(256)) * 32
    address = hex(set_value(pen, data, "REG_BINARY"))
    assert len(json_of(pen, "1", address)["value"]["data"]) == 2 * DATA_LIMIT
    assert json_of(pen, "1", address, "--full")["value"]["data"] == data.hex()
    assert "\n1ff0  f0 f1" in text_of(pen, "1", address, "--full")
    assert "\n1ff0" not in text_of(pen, "1", address)


def test_full_shortens_nothing(pen: Pen) -> None:
    long = "C:\\" + "very " * 60 + "long.exe"
    address = hex(set_value(pen, utf16(long)))
    assert long not in text_of(pen, "1", address)
    assert long in text_of(pen, "1", address, "--full")


def test_an_unknown_class_is_shown_as_bytes(pen: Pen) -> None:
    address = hex(pen.data(b"0123456789abcdef"))
    document = json_of(pen, "77", address)
    assert (document["class"]["pre_post"], document["structure"]) == ("unknown", None)
    assert bytes.fromhex(document["raw"]).startswith(b"0123456789abcdef")
    assert "30 31 32 33" in text_of(pen, "77", address)


def test_one_bad_pointer_costs_one_member(pen: Pen) -> None:
    address = pen.structure("REG_RENAME_KEY_INFORMATION", Object=1, NewName=pen.missing)
    document = json_of(pen, "4", hex(address))
    assert document["problems"][0].startswith("NewName: its UNICODE_STRING: paged out")
    texts = {each["name"]: each["text"] for each in document["fields"]}
    assert texts["NewName"] is None
    assert "! NewName: its UNICODE_STRING: paged out" in text_of(pen, "4", hex(address))


def test_problems_of_the_pre_structure_are_told(pen: Pen) -> None:
    document = json_of(pen, "16", hex(post(pen, pen.missing, 0)))
    problem, key, *_ = document["problems"]
    assert problem.startswith("PreInformation, the structure: paged out or not mapped at")
    assert key.startswith(f"no key object at {pen.missing:#x}: ")


def test_a_structure_that_is_not_there(pen: Pen) -> None:
    for words in (["1", hex(pen.missing)], ["77", hex(pen.missing)], ["1", "0", "--json"]):
        with pytest.raises(RegcbError, match=r"^the structure: .* at 0x[0-9a-f]+$"):
            text_of(pen, *words)


def test_an_internal_callbacks_argument_is_followed(pen: Pen) -> None:
    address = set_value(pen, utf16("a"))
    extended = pen.pointer(address)
    document = json_of(pen, "1", hex(extended), "--internal")
    assert (document["address"], document["extended_argument"]) == (hex(address), hex(extended))
    assert "extended argument of an internal callback" in text_of(
        pen, "1", hex(extended), "--internal"
    )


def test_the_callback_that_the_target_is_stopped_in(pen: Pen) -> None:
    address = set_value(pen, utf16("a"))
    blocks = register_callbacks(pen, (OTHER_FUNCTION, 1, False), (FUNCTION, 2, False))
    stop_at(pen, FUNCTION, 2, 1, address)
    document = json_of(pen)
    assert (document["class"]["number"], document["address"]) == (1, hex(address))
    assert document["callback"] == {
        "address": hex(blocks[1]), "altitude": "320000", "function": hex(FUNCTION),
        "function_symbol": "nt!A_Callback", "internal": False,
    }  # fmt: skip
    assert "\ntold to nt!A_Callback, altitude 320000\n" in text_of(pen)


def test_who_has_asked_for_the_operation() -> None:
    registry = Registry("x64", 19041)
    address = set_value(registry, utf16("a"))
    register_callbacks(registry, (FUNCTION, 2, False))
    stop_at(registry, FUNCTION, 2, 1, address)
    assert json_of(registry)["thread"] is None
    process = registry.process(0x1A4, "a.exe")
    fields = registry.word(process) + b"\1".ljust(8, b"\0") + registry.word(420)
    thread = registry.data(fields + registry.word(428))
    places = (("_KTHREAD", "Process"), ("_KTHREAD", "PreviousMode"), ("_ETHREAD", "Cid"))
    registry.target.fields = dict(zip(places, (0, 8, 16)))
    registry.target.registers["$thread"] = thread
    fresh = ByteTarget("x64")  # one that has not been asked for types before
    fresh.__dict__.update(registry.target.__dict__, memory=Memory(fresh))
    document = json.loads(run_command(decode, fresh, ["--json"]))
    validate(document)
    assert document["process"] == {"id": 420, "name": "a.exe", "address": hex(process)}
    assert document["thread"] == {
        "id": 428, "address": hex(thread), "create_time": None, "previous_mode": "UserMode",
    }  # fmt: skip
    line = "\nasked by a.exe (process 420, thread 428) from user mode\n"
    assert line in run_command(decode, fresh, [])


def test_a_function_without_symbols_is_named_by_its_image(pen: Pen) -> None:
    address = set_value(pen, utf16("a"))
    register_callbacks(pen, (FUNCTION, 2, False))
    stop_at(pen, FUNCTION, 2, 1, address)
    del pen.target.symbols["A_Callback"]
    assert json_of(pen)["callback"]["function_symbol"] is None
    pen.target.images = [Module("nt", 0, 0x1000), Module("netmon", FUNCTION - 0x1000, 0x3000)]
    assert json_of(pen)["callback"]["function_symbol"] == "netmon+0x1000"


def test_an_internal_callback_is_known_by_its_flag(pen: Pen) -> None:
    address = set_value(pen, utf16("a"))
    register_callbacks(pen, (FUNCTION, 2, True))
    stop_at(pen, FUNCTION, 2, 1, pen.pointer(address))
    assert json_of(pen)["address"] == hex(address)


def test_of_two_callbacks_with_one_function_the_context_decides(pen: Pen) -> None:
    address = set_value(pen, utf16("a"))
    blocks = register_callbacks(pen, (FUNCTION, 1, False), (FUNCTION, 2, True), (FUNCTION, 3, True))
    stop_at(pen, FUNCTION, 2, 1, pen.pointer(address))
    assert json_of(pen)["callback"]["address"] == hex(blocks[1])
    stop_at(pen, FUNCTION, 9, 1, address)
    assert json_of(pen)["callback"]["address"] == hex(blocks[0])


def test_a_callback_behind_a_broken_link_is_found_backward(pen: Pen) -> None:
    address = set_value(pen, utf16("a"))
    blocks = register_callbacks(pen, (OTHER_FUNCTION, 1, False), (FUNCTION, 2, False))
    pen.target.write(blocks[0], pen.word(pen.missing))
    stop_at(pen, FUNCTION, 2, 1, address)
    assert json_of(pen)["callback"]["address"] == hex(blocks[1])


@pytest.mark.parametrize(
    ("counter", "where"),
    [
        (FUNCTION + 4, "nt!A_Callback+0x4, past the start of a callback"),
        (OTHER_FUNCTION, "nt!Other, not in a registry callback"),
        (0x1000, "0x1000, not in a registry callback"),
    ],
)
def test_any_other_stop_says_where_it_is(counter: int, where: str, pen: Pen) -> None:
    address = set_value(pen, utf16("a"))
    register_callbacks(pen, (FUNCTION, 2, False))
    stop_at(pen, counter, 2, 1, address)
    with pytest.raises(RegcbError) as caught:
        text_of(pen)
    message = str(caught.value)
    assert message.startswith(f"the target is stopped at {where}: ")
    assert "--force" in message and "\n" not in message
    forced = json_of(pen, "--force")
    assert (forced["class"]["number"], forced["callback"]) == (1, None)


def test_force_needs_no_list(pen: Pen) -> None:
    stop_at(pen, FUNCTION, 2, 1, set_value(pen, utf16("a")))
    with pytest.raises(RegcbError, match="nt!CallbackListHead not found"):
        text_of(pen)
    assert json_of(pen, "--force")["class"]["number"] == 1


def test_the_upper_half_of_argument1_does_not_count() -> None:
    pen = Pen("x64")
    stop_at(pen, FUNCTION, 2, 0xFFFFFFFF_00000001, set_value(pen, utf16("a")))
    assert json_of(pen, "--force")["class"]["number"] == 1


def test_no_registers_and_no_stack(pen: Pen) -> None:
    with pytest.raises(RegcbError, match=r"register .* cannot be read"):
        text_of(pen)
    stop_at(pen, FUNCTION, 2, 1, 0)
    if pen.target.architecture == "x86":
        pen.target.registers["esp"] = pen.missing
        with pytest.raises(MemoryUnreadable):
            text_of(pen, "--force")


def test_links_in_windbg() -> None:
    pen = Pen("x64")
    pre = set_value(pen, utf16("<b>&"))
    found = read_notification_call(pen.target, 16, post(pen, pre, 0))
    dml = to_dml(notification_text(target_facts(pen.target), found))
    for command in (
        "!py regcb.py classes 16",
        f"!py regcb.py key {pen.missing:#x}",
        f"!py regcb.py decode 1 {pre:#x}",
        f"!reg kbody {pen.missing:#x}",
        f"dps {pre:#x}",
    ):
        assert f'<link cmd="{command}">' in dml
    assert '"&lt;b&gt;&amp;"'.replace('"', "&quot;") in dml


def with_registers(truth: Truth, path: Path, **registers: int) -> Path:
    """A copy of the dump whose thread stopped with these registers."""
    shutil.copy(truth.path, path)
    context = CONTEXTS[truth.architecture]
    start = 0x320 if truth.architecture == "x86" else 0x348
    with path.open("r+b") as file:
        for name, value in registers.items():
            file.seek(start + context.registers[name])
            file.write(value.to_bytes(ARCHITECTURES[truth.architecture].pointer_size, "little"))
    return path


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "arm64-22621", "x86-2600"])
def test_a_dump_whose_thread_is_in_a_callback(
    profile: str, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    """Whatever the registers lead to, the callback is the one that the program counter says."""
    truth = lab_dump(profile)
    known = next(each for each in truth.callbacks if not each.internal)
    counter = COUNTERS[truth.architecture]
    values = {counter: known.function}
    if truth.architecture == "x86":
        values["esp"] = truth.list_head
    else:
        values.update(zip(ARGUMENTS[truth.architecture], (known.context, 1, known.address)))
    dump = with_registers(truth, tmp_path / "stopped.dmp", **values)
    status, output, errors = regcb("-z", dump, "-y", truth.symbols, "decode", "--json")
    if truth.architecture == "x86":  # what lies above the head of the list is no class and address
        assert (status, errors.count("\n")) in ((0, 0), (2, 1))
    else:
        assert (status, errors) == (0, "")
        document = json.loads(output)
        validate(document)
        assert document["callback"]["address"] == hex(known.address)
        assert document["address"] == hex(known.address)


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "arm64-22621", "x86-2600"])
def test_a_dump_that_crashed_elsewhere(profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(profile)
    status, output, errors = regcb("-z", truth.path, "-y", truth.symbols, "decode")
    assert (status, output) == (2, "")
    assert "stopped at nt!KeBugCheckEx, not in a registry callback" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["RegNtPreSetValu", "0"], "did you mean RegNtPreSetValueKey"),
        (["1"], "decode 1 at which address?"),
        (["1", "zzz"], "no address 'zzz'"),
        (["1", "1" * 17], "no address"),
        (["1", "10"], "the structure: user buffer, not present at 0x10"),
        (["1", "fffff`"], "the structure: "),
        (["--internal", "1", "10"], "the extended argument: user buffer, not present at 0x10"),
    ],
)
def test_bad_words(words: list[str], complaint: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump()
    status, output, errors = regcb("-z", truth.path, "decode", *words)
    assert (status, output) == (2, "")
    assert complaint in errors
    assert errors.count("\n") == 1


def test_a_sign_extended_address_of_x86() -> None:
    pen = Pen("x86")
    address = set_value(pen, utf16("a"))
    assert json_of(pen, "1", f"ffffffff`{address:08x}")["address"] == hex(address)


BASE = 0x8C34_0000  # a kernel address on x64 and x86
PAGES = 3  # the last of them is missing


def hostile_target(architecture: str, content: list[int]) -> ByteTarget:
    target = ByteTarget(architecture)
    size = target.memory.pointer_size
    raw = b"".join((word & ((1 << 8 * size) - 1)).to_bytes(size, "little") for word in content)
    target.write(BASE, (raw * (2 * PAGE // len(raw) + 1))[: (PAGES - 1) * PAGE])
    return target


words = st.lists(
    st.integers(BASE - 8, BASE + PAGES * PAGE)
    | st.integers(0, 0x40)
    | st.integers(0, (1 << 64) - 1),
    min_size=1,
)


@settings(max_examples=300)
@given(
    architecture=st.sampled_from(["x64", "x86"]),
    number=st.integers(0, 52),
    content=words,
    offset=st.integers(0, (PAGES - 1) * PAGE - 1),
    options=st.sets(st.sampled_from(["--full", "--internal"])),
)
def test_random_bytes_print_no_control_character(
    architecture: str, number: int, content: list[int], offset: int, options: set[str]
) -> None:
    """Never a traceback, never a terminal's control sequence, never a line that is too long."""
    target = hostile_target(architecture, content)
    asked = [str(number), hex(BASE + offset), *sorted(options)]
    try:
        output = run_command(decode, target, asked)
        document = json.loads(run_command(decode, target, [*asked, "--json"]))
    except RegcbError as error:
        assert str(error).isprintable()
        return
    validate(document)
    for line in output.splitlines():
        assert line.isprintable(), ascii(line)
        assert "--full" in options or len(line) <= 120 or line.startswith("! ")
