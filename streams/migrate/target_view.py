"""Items of a bundle as the target has them: its ids, its words, and what our own records say of them."""

from msgspec import structs

from converters.addressing import address
from converters.differences import Difference, Expected, who
from converters.inventory import AnyItem, Group, GroupMember, Room, User, item_id
from converters.routing import id_mapping
from converters.routing.identity_table import IdentityLookup
from converters.routing.route import App
from streams.migrate.bundle import Bundle
from streams.migrate.known import Known
from streams.migrate.records import ItemTask, task_key


class TargetView:
    def __init__(self, bundle: Bundle, source: App, target: App, identities: IdentityLookup, known: Known) -> None:
        self._bundle, self._source, self.target = bundle, source, target
        self._identities, self._known = identities, known
        inventory = target.platform.inventory
        assert inventory is not None, "the command asks"
        self._inventory = inventory

    def native(self, user: str) -> str:
        return id_mapping.written(user, self.target, self._identities, [])

    def canonical(self, native: str) -> str:
        name = self.target.platform.name
        return self._identities.canonical(name, "user", native) or str(self.target.user_ids.to_canonical(native) or native)

    def place(self, item: AnyItem) -> str:
        """The target's id of its group or room; empty where it is not known to be there."""
        return address(item, self._source, self.target, self._identities, []).place

    def who(self, item: AnyItem) -> str:
        return self.native(who(item))

    def expected(self, item: AnyItem) -> Expected:
        """With the names of people in fields as the target writes them."""
        match item:
            case User() if not item.push_name:
                shown: AnyItem = structs.replace(item, push_name=item.name)
            case Group() | Room():
                shown = structs.replace(item, owner=self.native(item.owner))
            case _:
                shown = item
        return Expected(shown, item_id(item), self.lost(item))

    def lost(self, item: AnyItem) -> bool:
        """Whether some of its fields do not fit at the target."""
        return bool(self._inventory.pieces(item, self.target.account).losses)

    def is_written(self, item: AnyItem) -> bool:
        """Whether anything is done for it at the target: a room's member without a rank is none of what its lists show."""
        if isinstance(item, GroupMember) and item.role == "owner":
            return True
        return bool(self._inventory.pieces(item, self.target.account).pieces)

    def explained(self, one: Difference) -> Difference:
        """*one* with what our own records say of the item."""
        if one.sort == "besides":
            return one
        row = self._bundle.get(one.item)
        if row is None:
            return one
        task = ItemTask(run="", app=self.target.name, source=self._source.name, item=row.item, digest="")
        state = self._known.item(address(row.item, self._source, self.target, self._identities, []).key, task_key(task))
        word = state.word if state is not None else "not tried"
        return structs.replace(one, known="" if word in ("made", "changed") else word)
