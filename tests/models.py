"""Small real models, built where they are used."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import BertConfig

WORDS = ("the", "brake", "pads", "are", "worn", "doors", "squeal", "clean", "grease", "measure", "replace", "note")


def build_cross_encoder(folder: Path, *, labels: int = 1, activation: str | None = None) -> Path:
    """A cross-encoder with random weights, always the same, over a dozen words; its scores differ widely."""
    import torch
    from transformers import BertForSequenceClassification

    config = _save_tokenizer(folder)
    config.num_labels = labels
    with torch.random.fork_rng():
        torch.manual_seed(3)
        BertForSequenceClassification(config).save_pretrained(folder)
    if activation:
        told = json.loads((folder / "config.json").read_text())
        told["sentence_transformers"] = {"activation_fn": activation}
        (folder / "config.json").write_text(json.dumps(told))
    return folder


def build_encoder(folder: Path, pooling: str = "mean", loud: str | None = None, **config: Any) -> Path:
    """A sentence encoder with random weights, always the same, over a dozen words.

    A text with the word `loud` in it has attention scores of several hundred.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertModel

    made = _save_tokenizer(folder / "bert")
    made.update(config)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        bert = BertModel(made)
        if loud is not None:
            given = bert.embeddings
            for table in (given.word_embeddings, given.position_embeddings, given.token_type_embeddings):
                table.weight[:, 0] = 0
            given.word_embeddings.weight[4 + WORDS.index(loud), 0] = 100
            for part in (bert.encoder.layer[0].attention.self.query, bert.encoder.layer[0].attention.self.key):
                part.weight[:, 0] = 3
        bert.save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[transformer, Pooling(made.hidden_size, pooling)]).save(str(folder / "model"))
    return folder / "model"


def _save_tokenizer(folder: Path) -> "BertConfig":
    """Writes the tokenizer of the dozen words, and gives the settings of a model that fits it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, PreTrainedTokenizerFast

    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    numbers = {word: number for number, word in enumerate((*special, *WORDS))}
    inner = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, numbers[name]) for name in ("[CLS]", "[SEP]")],
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), special, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=64, **names).save_pretrained(folder)
    return BertConfig(
        vocab_size=len(numbers),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=1.0,
    )
