from datetime import UTC, datetime

from indexer.domain.content import Block, Credit, ItemMetadata, Message, ParsedDocument
from indexer.domain.people import Contribution, Role
from indexer.identity import people_of
from indexer.notation import address_identity, handle_identity, name_identity
from indexer.settings import ForumSource

ANN, BOB = handle_identity("forum", "ann"), handle_identity("forum", "bob")


def day(number):
    return datetime(2024, 1, number, tzinfo=UTC)


def said(number, handle, role, likes=0):
    return Message(number, Credit(role, name=handle.title(), handle=handle, at=day(number)), day(number), likes)


def people(*messages, credits=(), **source):
    document = ParsedDocument("T", (Block("text"),), messages, ItemMetadata(credits=credits))
    return people_of(document, ForumSource(name="forum", kind="forum", address="https://f.example", **source))


def test_each_person_has_one_contribution_a_role_the_first_in_time():
    found = people(
        said(1, "ann", Role.ASKER), said(2, "bob", Role.ANSWERER), said(3, "bob", Role.ANSWERER)
    ).contributions
    assert found == (
        Contribution(ANN, "Ann", Role.ASKER, day(1), 1),
        Contribution(BOB, "Bob", Role.ANSWERER, day(2), 2),
    )


def test_likes_of_one_role_add_up():
    messages = [
        said(1, "ann", Role.ASKER, 3),
        said(2, "bob", Role.ANSWERER, 2),
        said(3, "bob", Role.ACCEPTED_ANSWERER, 10),
        said(4, "bob", Role.ANSWERER, 5),
    ]
    likes = {(part.identity, part.role): part.likes for part in people(*messages).contributions}
    assert likes == {(ANN, Role.ASKER): 3, (BOB, Role.ANSWERER): 7, (BOB, Role.ACCEPTED_ANSWERER): 10}


def test_an_askers_later_messages_stay_asking():
    found = people(said(1, "ann", Role.ASKER, 1), said(2, "bob", Role.ANSWERER), said(3, "ann", Role.ANSWERER, 4))
    assert [(part.identity, part.role, part.likes) for part in found.contributions] == [
        (ANN, Role.ASKER, 5),
        (BOB, Role.ANSWERER, 0),
    ]


def test_the_askers_other_roles_stay():
    found = people(said(1, "ann", Role.ASKER), credits=(Credit(Role.MAINTAINER, handle="ann"),))
    assert {part.role for part in found.contributions} == {Role.ASKER, Role.MAINTAINER}


def test_every_message_keeps_its_author():
    messages = [said(1, "ann", Role.ASKER), Message(2, None), said(3, "ann", Role.ANSWERER)]
    written = people(*messages).messages
    assert [message for message, _ in written] == messages
    assert [part and part.identity for _, part in written] == [ANN, None, ANN]


def test_identities_that_one_credit_shows_are_linked():
    both = Credit(Role.AUTHOR, name="Ann", address="ann@x.example", handle="ann")
    found = people(credits=(both, Credit(Role.REVIEWER, handle="bob", name="Bob B")))
    assert found.links == {(address_identity("ann@x.example"), ANN)}
    assert [part.identity for part in found.contributions] == [address_identity("ann@x.example"), BOB]


def test_names_are_displayed_first_name_first():
    found = people(credits=(Credit(Role.AUTHOR, name="Bell, Michael"),)).contributions
    assert found == (Contribution(name_identity("forum", "Michael Bell"), "Michael Bell", Role.AUTHOR),)


def test_handles_are_unique_where_the_settings_say():
    found = people(said(1, "ann", Role.ASKER), handles="company-login").contributions
    assert found[0].identity == handle_identity("company-login", "ann")


def test_a_credit_of_nobody_is_no_contribution():
    assert people(credits=(Credit(Role.AUTHOR),)).contributions == ()
