"""``regcb show``: one callback whole."""

from __future__ import annotations

import pytest

from tests.lab import PROFILES, Truth
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate
from tests.support.targets import open_dump


def ways_to_say(truth: Truth, index: int) -> list[str]:
    """Every name of a callback."""
    known = truth.callbacks[index]
    address = f"{known.address:016x}"
    return [
        str(index),
        f"#{index}",
        str(known.altitude),
        hex(known.address),
        f"{address[:8]}`{address[8:]}",
        address.upper(),
        hex(known.function),
        known.owner,
        known.owner.upper(),
        known.owner.partition(".")[0],
        known.function_name,
        f"{known.owner.partition('.')[0]}!{known.function_name}",
    ]


def test_a_callback_has_many_names(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", callbacks=4)
    (index,) = (i for i, each in enumerate(truth.callbacks) if each.owner == "netmon.sys")
    for name in ways_to_say(truth, index):
        found = regcb.json(truth, "show", name)["callbacks"]
        assert [each["index"] for each in found] == [index], name


def test_an_address_of_x86_may_be_sign_extended(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x86-7601", callbacks=4)
    address = truth.callbacks[2].address
    for text in (f"{address:08x}", f"ffffffff`{address:08x}", hex(address | 0xFFFFFFFF << 32)):
        (found,) = regcb.json(truth, "show", text)["callbacks"]
        assert found["index"] == 2


def test_a_name_is_not_the_callback_that_cannot_be_read(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", callbacks=4, damage=("entry-unreadable",))
    names = [each.owner for each in truth.callbacks if each.owner != "ntoskrnl.exe"]
    found = regcb.json(truth, "show", names[-1])["callbacks"]
    assert [each["owner"] for each in found] == [names[-1]]


@pytest.mark.parametrize("name", ["nt", "ntoskrnl", "ntoskrnl.exe"])
def test_the_kernel_has_two_names(name: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", callbacks=16)
    found = regcb.json(truth, "show", name)["callbacks"]
    assert found
    assert {each["owner"] for each in found} == {"ntoskrnl.exe"}


def test_an_owner_of_several_shows_them_all(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", callbacks=16)
    owners = [each.owner for each in truth.callbacks]
    (several,) = {owner for owner in owners if owners.count(owner) > 2}
    found = regcb.json(truth, "show", several)["callbacks"]
    assert [each["owner"] for each in found] == [several] * owners.count(several)


@pytest.mark.parametrize("profile", PROFILES)
def test_everything_about_every_callback(profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(profile)
    for index, known in enumerate(truth.callbacks):
        document = regcb.json(truth, "show", str(index))
        validate(document)
        (found,) = document["callbacks"]
        assert found["owner_size"] == known.owner_size
        assert "execute" in found["section"]["access"]
        assert "write" not in found["section"]["access"]
        code = "".join(each["bytes"] for each in found["instructions"])
        with open_dump(truth) as target:
            assert bytes.fromhex(code) == target.read(known.function, len(code) // 2)
        addresses = [int(each["address"], 16) for each in found["instructions"]]
        assert addresses[0] == known.function
        expected = 0 if PROFILES[profile].has_vector else known.object_contexts
        assert len(found["contexts"]) == expected
        assert {each["cookie"] for each in found["contexts"]} <= {hex(known.cookie)}
        paths = {each["key_path"] for each in found["contexts"]}
        assert paths <= {truth.keys["Service"].path}


def test_calls_are_named(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041")
    targets = [
        each["target"]
        for callback in regcb.json(truth, "show", "regprotect")["callbacks"]
        for each in callback["instructions"]
        if each["text"].startswith(("j", "call"))
    ]
    assert targets
    assert all(target.startswith("regprotect!") for target in targets)


def test_the_text_says_what_the_json_says(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041")
    status, output, _ = regcb("show", "avfilter", "-z", truth.path, "-y", truth.symbols)
    assert status == 0
    (found,) = regcb.json(truth, "show", "avfilter")["callbacks"]
    for text in (found["altitude"], found["function_symbol"], found["owner_path"], "PAGE"):
        assert text in output
    assert truth.keys["Service"].path in output
    for instruction in found["instructions"]:
        assert instruction["text"] in output
    assert max(map(len, output.splitlines())) <= 120


def test_code_that_is_paged_out_costs_the_code_alone(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(callbacks=4, damage=("code-unreadable",))
    (found,) = regcb.json(truth, "show", str(truth.damage[0].index))["callbacks"]
    assert found["instructions"] == []
    assert found["problems"][0].startswith("code: memory at 0x")
    assert found["altitude"]


def test_xp_says_when_a_callback_was_registered(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x86-2600")
    _, output, _ = regcb("show", "0", "-z", truth.path, "-y", truth.symbols)
    assert "(registered 2024-03-05T08:15:3" in output


@pytest.mark.parametrize("profile", ["x64-19041", "x86-19041", "arm64-22621", "x86-2600"])
def test_a_driver_that_is_on_no_list_of_modules(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(profile, callbacks=4, damage=("module-unlinked@2",))
    callback = truth.callbacks[2]
    (found,) = regcb.json(truth, "show", "2")["callbacks"]
    pdb = callback.owner.replace(".sys", ".pdb")
    assert found["unlisted_image"] == {"base": f"{callback.owner_base:#x}", "pdb": pdb}
    (named,) = regcb.json(truth, "show", "1")["callbacks"]
    assert named["unlisted_image"] is None
    text = regcb("-z", truth.path, "-y", truth.symbols, "show", "2")[1]
    assert f", of {pdb}, on no list of modules\n" in text


def test_what_is_on_no_list_is_known_by_its_address(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump("x64-19041", damage=("entry-unlinked",))
    on_list = {each["address"] for each in regcb.json(truth, "list")["callbacks"]}
    (unlinked,) = (each for each in truth.callbacks if hex(each.address) not in on_list)
    shown = regcb.json(truth, "show", hex(unlinked.address))["callbacks"]
    assert [(each["owner"], each["found_by"]) for each in shown] == [(unlinked.owner, "address")]
    beside = hex(unlinked.address + 0x10)
    status, _, errors = regcb("-z", truth.path, "-y", truth.symbols, "show", beside)
    assert status == 2
    assert errors.startswith("regcb: no callback ")
