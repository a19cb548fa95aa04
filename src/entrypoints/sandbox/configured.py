"""How an emulator is told to behave, and how it remembers that over a restart."""

from typing import Any, TypeVar

import msgspec

from entrypoints.sandbox.store import Store

B = TypeVar("B", bound=msgspec.Struct)
_WHOLE, _PATCHES = "behaviour", "patches"


def patched(behaviour: B, patch: dict[str, Any]) -> B:
    """Return the behaviour with a partial JSON object laid over it.

    Unknown names and values out of range are refused with `msgspec.ValidationError`.
    """
    whole = msgspec.to_builtins(behaviour)
    for name, value in patch.items():
        if name == "notifications" and isinstance(value, dict):
            whole[name] = {**whole[name], **value}
        else:
            whole[name] = value
    return msgspec.convert(whole, type(behaviour))


def keep_whole(store: Store, behaviour: msgspec.Struct) -> None:
    """Keep all of a behaviour, whatever the next start would begin with."""
    store.set_meta(_WHOLE, msgspec.json.encode(behaviour).decode())


def kept_whole(store: Store, base: B) -> B:
    """Return the behaviour that was kept, or what to begin with."""
    kept = store.meta(_WHOLE)
    return msgspec.json.decode(kept, type=type(base)) if kept else base


def keep_patch(store: Store, patch: dict[str, Any]) -> None:
    """Keep a change alone, to be laid over whatever the next start begins with."""
    store.set_meta(_PATCHES, msgspec.json.encode([*_patches(store), patch]).decode())


def forget_patches(store: Store) -> None:
    """Begin with the base from now on."""
    store.set_meta(_PATCHES, "[]")


def replayed(store: Store, base: B) -> B:
    """Return the base with every change kept since the last reset."""
    behaviour = base
    for patch in _patches(store):
        behaviour = patched(behaviour, patch)
    return behaviour


def _patches(store: Store) -> list[dict[str, Any]]:
    kept = store.meta(_PATCHES)
    return msgspec.json.decode(kept, type=list[dict[str, Any]]) if kept else []
