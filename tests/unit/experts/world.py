"""A database of people and documents that changes at random, and questions that find some of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np

from indexer.domain.accounts import PersonChoices, SubjectChoice
from indexer.domain.feedback import Target, TargetKind
from indexer.home import Home
from indexer.index import Candidates
from indexer.store import Transaction, choices
from indexer.store.parts import ROLES
from service.auth import ANONYMOUS, Viewer
from service.search import Query, Retrieved
from service.search.influence import Effect, Influence

NOW = datetime(2025, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)
PEOPLE, IDENTITIES, DOCUMENTS = 9, 14, 30
AUDIENCES = (("public", ""), ("signed_in", ""), ("members", "closed"), ("people", "p1,p2"))
COMMUNITIES = (("open", "public"), ("closed", "members"), ("inner", "signed_in"))
VIEWERS = (ANONYMOUS, Viewer("p1", frozenset({"closed"}), names=frozenset({"p1"})), Viewer("p5"))
SUBJECTS = ("brakes", "doors")


class World:
    """A database of people and documents that changes at random."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = Random(seed)
        self.home = Home(folder)
        self.database = self.home.database
        self.database.migrate()
        self.documents = 0
        with self.database.begin() as transaction:
            run = transaction.exec_driver_sql
            for number, (kind, subject) in enumerate(AUDIENCES, 1):
                run("INSERT INTO audiences VALUES (?, ?, ?)", (number, kind, subject))
            for number, (slug, visibility) in enumerate(COMMUNITIES, 1):
                run("INSERT INTO communities VALUES (?, ?, ?, NULL, ?, 1)", (number, slug, slug.title(), visibility))
            for number in range(PEOPLE):
                self.add_person(transaction, f"p{number}")
            for number in range(1, IDENTITIES + 1):
                person = f"p{number % PEOPLE}" if self.random.random() < 0.9 else None
                values = (number, f"{self.random.random()}", person)
                run(
                    "INSERT INTO identities (id, kind, namespace, value, person_id) VALUES (?, 'name', 'x', ?, ?)",
                    values,
                )
            for _ in range(DOCUMENTS):
                self.add_document(transaction)

    def add_person(self, transaction: Transaction, person: str) -> None:
        statement = "INSERT INTO people (id, name, languages, in_directory, former) VALUES (?, ?, '[]', ?, 0)"
        transaction.exec_driver_sql(statement, (person, person.upper(), self.random.random() < 0.7))
        for role in self.random.choice(([], ["member"], ["member", "steward"])):
            membership = (person, self.random.randint(1, 3), role)
            transaction.exec_driver_sql(
                "INSERT INTO memberships (person_id, community_id, role) VALUES (?, ?, ?)", membership
            )

    def add_document(self, transaction: Transaction) -> None:
        self.documents += 1
        run, name = transaction.exec_driver_sql, f"d{self.documents}"
        run(
            "INSERT INTO items VALUES (?, 's', ?, 'r', 'd', 'ok', NULL, '2025-01-01 00:00:00.000000', 0, 0, NULL)",
            (self.documents, name),
        )
        updated = self.moment()
        run(
            "INSERT INTO documents VALUES (?, ?, ?, 's', ?, ?, 'thread', ?, ?, ?, ?, NULL, NULL, NULL)",
            (
                self.documents,
                name,
                self.documents,
                name,
                name,
                self.random.choice((1, 1, 1, 2, 3, 4)),
                self.random.choice((1, 1, 2, 3, None)),
                self.moment(),
                updated,
            ),
        )
        run(
            "INSERT INTO passages VALUES (?, ?, 0, ?, NULL, NULL, NULL, 1, x'00')",
            (self.documents, self.documents, self.random.choice(("Brakes squeal.", "Doors jam.", "Nothing."))),
        )
        self.add_parts(transaction, self.documents)

    def add_parts(self, transaction: Transaction, document: int) -> None:
        for _ in range(self.random.randint(0, 5)):
            transaction.exec_driver_sql(
                "INSERT INTO contributions VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING",
                (
                    document,
                    self.random.randint(1, IDENTITIES),
                    str(self.random.choice(ROLES)),
                    self.moment(),
                    self.random.choice((None, 0, 3)),
                    self.random.choice((0, 0, 4, 40)),
                ),
            )

    def moment(self) -> str | None:
        if self.random.random() < 0.15:
            return None
        ago = timedelta(days=self.random.choice((1, 60, 300, 2000)) * self.random.random() - 0.05)
        return (NOW - ago).strftime("%Y-%m-%d %H:%M:%S.%f")

    def change(self) -> None:
        document, identity = self.random.randint(1, self.documents), self.random.randint(1, IDENTITIES)
        person = f"p{self.random.randrange(PEOPLE)}"
        with self.database.begin() as transaction:
            run = transaction.exec_driver_sql
            match self.random.randrange(11):
                case 0:
                    run("DELETE FROM items WHERE id = ?", (document,))
                case 1:
                    self.add_document(transaction)
                case 2:
                    run("UPDATE documents SET audience_id = ? WHERE id = ?", (self.random.randint(1, 4), document))
                case 3:
                    run(
                        "UPDATE documents SET community_id = ? WHERE id = ?",
                        (self.random.choice((None, 1, 2)), document),
                    )
                case 4:
                    run("UPDATE documents SET updated = ? WHERE id = ?", (self.moment(), document))
                case 5:
                    run("UPDATE identities SET person_id = ? WHERE id = ?", (person, identity))
                case 6:
                    run("DELETE FROM people WHERE id = ?", (person,))
                    self.add_person(transaction, person)
                case 7 if run("SELECT 1 FROM documents WHERE id = ?", (document,)).first():
                    run("DELETE FROM contributions WHERE document_id = ?", (document,))
                    self.add_parts(transaction, document)
                case 8:
                    run(
                        "UPDATE contributions SET likes = likes + 1, at = ? WHERE document_id = ?",
                        (self.moment(), document),
                    )
                case 9:
                    run(
                        "UPDATE OR IGNORE contributions SET identity_id = ? WHERE document_id = ?", (identity, document)
                    )
                case _:
                    choices.save_choices(transaction, person, self.chosen())

    def chosen(self) -> PersonChoices:
        subjects = {subject: SubjectChoice.REMOVED for subject in SUBJECTS if self.random.random() < 0.3}
        return PersonChoices(hidden=self.random.random() < 0.3, subjects=subjects)

    def retrieved(self) -> Retrieved:
        """Some passages of documents, some of them gone by now, with any relevance."""
        ids = self.random.sample(range(1, self.documents + 1), 20)
        cosines = [self.random.choice((0.05, 0.3, 0.5, self.random.random())) for _ in ids]
        found = Candidates(
            np.asarray(ids, np.int64),
            np.asarray(ids, np.int64),
            np.asarray(cosines, np.float32),
            np.zeros(len(ids), np.float32),
            np.zeros(len(ids), np.float32),
        )
        until = self.random.choice((None, None, NOW - timedelta(days=30), NOW + timedelta(days=30)))
        query = Query(self.random.choice(("why", "why do brakes squeal")), until=until)
        judged = {Target(TargetKind.PERSON, f"p{self.random.randrange(PEOPLE + 3)}"): Effect(2, 0, 1.6, 1.1)}
        return Retrieved(query, found, "g", None, influence=Influence(judged))
