from datetime import UTC, datetime

import pytest

from indexer.domain.content import Credit, ItemMetadata, Mark
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from indexer.settings import FieldMapping, Sidecar
from indexer.sources.folder import _pair_sidecars
from tests.unit.sources.places import fetch, folder, revisions, uris, write

KEP = """\
title: In-place update of pod resources
kep-number: 1287
authors: ["@vinaykul", "Jane Doe <jane@example.org>"]
owning-sig: sig-node
participating-sigs: [sig-scheduling]
reviewers: ["@thockin"]
approvers: [TBD]
creation-date: 2018-11-06
status: implementable
replaces: []
"""
KEP_FIELDS = FieldMapping(
    title="title",
    authors="authors",
    reviewers="reviewers",
    community="owning-sig",
    created="creation-date",
    mark="status",
    superseded_by="superseded-by",
)
CROSSREF = """\
<doi_batch xmlns="http://www.crossref.org/schema/4.4.1"><body><journal>
  <journal_metadata><full_title>Journal of Open Education</full_title></journal_metadata>
  <journal_article><titles><title>A course on brakes</title></titles>
    <contributors>
      <person_name sequence="first" contributor_role="author">
        <given_name>Anna B.</given_name><surname>Lee</surname><ORCID>https://orcid.org/0000-0001-2345-6789</ORCID>
      </person_name>
      <person_name sequence="additional" contributor_role="author">
        <given_name>Bo</given_name><surname>Okafor</surname>
      </person_name>
    </contributors>
    <publication_date media_type="online"><month>03</month><day>21</day><year>2019</year></publication_date>
    <publisher-note>reviewed</publisher-note>
    <doi_data><doi>10.1/x</doi><resource>https://jose.example/papers/1</resource></doi_data>
  </journal_article></journal></body></doi_batch>
"""


@pytest.fixture
def library(tmp_path):
    return tmp_path / "library"


def beside(file, fields=None, **more):
    return {"sidecar": Sidecar(file=file, fields=fields or FieldMapping(title="title", audience="audience")), **more}


def test_a_yaml_sidecar_under_a_fixed_name_describes_the_document_beside_it(library):
    write(library / "1287-pods/README.md")
    write(library / "1287-pods/kep.yaml", KEP)
    source = folder(library, **beside("kep.yaml", KEP_FIELDS))
    assert uris(source) == ["1287-pods/README.md"]
    assert fetch(folder(library, **beside("kep.yaml", KEP_FIELDS)), "1287-pods/README.md").metadata == ItemMetadata(
        title="In-place update of pod resources",
        community="sig-node",
        credits=(
            Credit(Role.AUTHOR, handle="vinaykul"),
            Credit(Role.AUTHOR, name="Jane Doe", address="jane@example.org"),
            Credit(Role.REVIEWER, handle="thockin"),
        ),
        created=datetime(2018, 11, 6, tzinfo=UTC),
    )


def test_a_json_sidecar_is_found_by_the_documents_own_name(library):
    write(library / "a.md")
    write(library / "a.json", '{"info": {"title": "Pads"}, "tags": ["withdrawn", "x"]}')
    write(library / "b.md")
    fields = FieldMapping(title="info.title", mark="tags")
    settings = beside("{stem}.json", fields)
    assert uris(folder(library, **settings)) == ["a.md", "b.md"]
    assert fetch(folder(library, **settings), "a.md").metadata == ItemMetadata(title="Pads", mark=Mark.RETIRED)
    assert fetch(folder(library, **settings), "b.md").metadata == ItemMetadata()


def test_an_xml_sidecar_gives_nested_names_without_the_link_to_an_orcid(library):
    write(library / "paper/10.1.pdf")
    write(library / "paper/10.1.crossref.xml", CROSSREF)
    fields = FieldMapping(
        title="titles/title",
        authors="contributors/person_name",
        created="publication_date",
        community="publisher-note",
        url="doi_data/resource",
    )
    settings = beside("*.crossref.xml", fields, month_first=True)
    assert uris(folder(library, **settings)) == ["paper/10.1.pdf"]
    assert fetch(folder(library, **settings), "paper/10.1.pdf").metadata == ItemMetadata(
        title="A course on brakes",
        community="reviewed",
        credits=(Credit(Role.AUTHOR, name="Anna B. Lee"), Credit(Role.AUTHOR, name="Bo Okafor")),
        created=datetime(2019, 3, 21, tzinfo=UTC),
        url="https://jose.example/papers/1",
    )


def test_a_sidecar_is_found_beside_a_name_that_looks_like_a_pattern(library):
    write(library / "notes [draft].md")
    write(library / "notes [draft].yaml", "title: A draft")
    for file in ("{stem}.yaml", "{stem}.y*"):
        item = fetch(folder(library, **beside(file)), "notes [draft].md")
        assert item.metadata.title == "A draft"


def test_a_sidecar_without_its_document_is_no_item(library):
    write(library / "a/README.md")
    write(library / "a/kep.yaml", "title: A")
    write(library / "b/kep.yaml", "title: B")
    assert uris(folder(library, **beside("kep.yaml"))) == ["a/README.md"]


def test_a_sidecar_may_be_left_out_by_the_patterns_and_still_describes(library):
    write(library / "a/README.md")
    write(library / "a/kep.yaml", "title: A")
    settings = beside("kep.yaml", include=["*.md"])
    assert fetch(folder(library, **settings), "a/README.md").metadata.title == "A"


def test_a_change_of_the_sidecar_alone_changes_its_item_and_no_other(library):
    for name in ("a.md", "b.md"):
        write(library / name)
    sidecar = write(library / "a.yaml", "title: A")
    before = revisions(folder(library, **beside("{stem}.yaml")))
    sidecar.write_text("title: A, renamed")
    after = revisions(folder(library, **beside("{stem}.yaml")))
    assert [uri for uri in before if before[uri] != after[uri]] == ["a.md"]
    sidecar.unlink()
    assert revisions(folder(library, **beside("{stem}.yaml")))["a.md"] not in (before["a.md"], after["a.md"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.yaml", "title: [unclosed"),
        ("a.yaml", "title: 2020-02-31\ndate: 2020-02-31"),
        ("a.yaml", "only a sentence"),
        ("a.yaml", "- title: a list"),
        ("a.yaml", "[" * 5000),
        ("a.json", '{"title": '),
        ("a.json", "[" * 100_000),
        ("a.json", '"title"'),
        ("a.xml", "<doc><title>cut off"),
        ("a.xml", "no xml"),
        ("a.xml", ""),
    ],
)
def test_a_broken_sidecar_makes_its_document_unreadable_and_is_named(library, name, content):
    write(library / "a.md")
    write(library / name, content)
    with pytest.raises(DocumentUnreadable, match=rf"description {name} "):
        fetch(folder(library, **beside(f"{{stem}}.{name.split('.')[1]}")), "a.md")


def test_an_empty_yaml_sidecar_says_nothing(library):
    write(library / "a.md")
    write(library / "a.yaml", "# to do\n")
    assert fetch(folder(library, **beside("{stem}.yaml")), "a.md").metadata == ItemMetadata()


def test_an_xml_sidecar_reaches_no_other_file(library, tmp_path):
    secret = write(tmp_path / "secret.txt", "hunter2")
    write(library / "a.md")
    entity = f'<!DOCTYPE d [<!ENTITY e SYSTEM "file://{secret}">]><d><title>x &e;</title></d>'
    write(library / "a.xml", entity)
    item = fetch(folder(library, **beside("{stem}.xml")), "a.md")
    assert "hunter2" not in str(item.metadata)


def test_texts_of_a_sidecar_are_on_one_line_and_fit_for_a_database(library):
    write(library / "a.md")
    write(library / "a.json", r'{"title": "Brake\n pads\u0000 \ud800", "audience": " members "}')
    metadata = fetch(folder(library, **beside("{stem}.json")), "a.md").metadata
    assert (metadata.title, metadata.audience) == ("Brake pads \ufffd", "members")


def test_sidecars_of_twenty_thousand_files_are_paired_without_comparing_each_with_each(library):
    names = [f"{number}.{ending}" for number in range(20_000) for ending in ("md", "yaml")]
    pairs = _pair_sidecars(dict.fromkeys(names), Sidecar(file="{stem}.yaml", fields=FieldMapping()))
    assert len(pairs) == 20_000
    assert pairs["77.md"] == "77.yaml"
