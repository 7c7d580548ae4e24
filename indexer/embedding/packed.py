"""BERT-like models in 16 bit without padding: the tokens of many texts go through each layer as one matrix.

A text attends to itself alone, in matrices of its own length, so its vector does not depend on the texts around it.
Every worker multiplies on one thread: texts are independent, and threads that share a multiplication wait for each
other at the end of each.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import Barrier
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import layer_norm

from indexer.embedding.base import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TOKENS_AT_ONCE = 4096  # for each worker
TOKENS_OF_QUERIES = 1024  # no more are encoded by one thread, which does not wait for passages
KNOWN_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
TRIED = (
    "",
    "Who knows why the Brake pads are WORN?",
    "Türen, 制动 and in_place_update: 0.75 (E-4711)",
    "pads again " * 600,
)
LEAST_AGREEMENT = 0.995
NOT_KNOWN = (AttributeError, KeyError, TypeError, ValueError, RuntimeError)
TABLES = ("word_embeddings", "position_embeddings", "token_type_embeddings")


class PackingError(Exception):
    """A library does not do what packing needs, in this version of it."""


@dataclass(frozen=True, slots=True)
class ModelParts:
    """What a packed model is made from. `tokenizer` is one of the library tokenizers, as JSON; `weights` are in 16 bit,
    under the names that BertModel has for them; `tried` are the vectors, (4, dimension), that the ordinary way gives
    the texts of TRIED."""

    tokenizer: str
    heads: int
    epsilon: float
    weights: Mapping[str, Tensor]
    tried: Tensor


def parts_of(model: "SentenceTransformer") -> ModelParts | None:
    """The parts of a model that this module knows; None of another. PackingError where a library has changed."""
    if [type(module).__name__ for module in model] not in KNOWN_MODULES:
        return None
    try:
        return _parts(model) if _is_known(model) else None
    except NOT_KNOWN as error:
        raise PackingError(str(error)) from error


def packed(parts: ModelParts) -> "PackedModel | None":
    """The model without padding, where it gives the same vectors as the ordinary way did; else None. PackingError where
    a library has changed: the ordinary way is there for that, too."""
    try:
        made = PackedModel(parts)
        return made if _agrees(made, parts) else None
    except NOT_KNOWN as error:
        raise PackingError(str(error)) from error


def _is_known(model: "SentenceTransformer") -> bool:
    from transformers import BertModel  # noqa: PLC0415  # takes seconds, which a model that was kept does not need

    transformer, pooling = model[0], model[1]
    bert = transformer.auto_model
    return bool(
        type(bert) is BertModel
        and bert.dtype == torch.bfloat16
        and bert.config.hidden_act == "gelu"
        and not bert.config.is_decoder
        and pooling.include_prompt
        and model.default_prompt_name is None
        and not transformer.do_lower_case
    )


def _parts(model: "SentenceTransformer") -> ModelParts:
    bert: Any = model[0].auto_model
    given: Any = model.tokenizer
    tokenizer = Tokenizer.from_str(given.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(int(model.max_seq_length or given.model_max_length), direction=given.truncation_side)
    tried = model.encode(list(TRIED), show_progress_bar=False)
    return ModelParts(
        tokenizer.to_str(),
        bert.config.num_attention_heads,
        bert.config.layer_norm_eps,
        {name: weight.detach() for name, weight in bert.state_dict().items()},
        torch.from_numpy(np.asarray(tried, np.float32)),
    )


def _agrees(made: "PackedModel", parts: ModelParts) -> bool:
    """Whether a few texts get the vectors that they get in the ordinary way; tells how vectors are pooled, too."""
    ordinary, vectors = parts.tried.numpy(), made.encode(TRIED)
    lengths = np.linalg.norm(ordinary, axis=1) * np.linalg.norm(vectors, axis=1)
    return bool(((ordinary * vectors).sum(axis=1) >= LEAST_AGREEMENT * lengths).all())


class PackedModel:
    """Runs the layers of a model that `packed` has tried. Safe to use from several threads."""

    def __init__(self, parts: ModelParts) -> None:
        self._tokenizer = Tokenizer.from_str(parts.tokenizer)
        self._tables = [parts.weights[f"embeddings.{name}.weight"] for name in TABLES]
        self._after_tables = _Norm(parts, "embeddings.LayerNorm")
        layers = {name.split(".")[2] for name in parts.weights if name.startswith("encoder.layer.")}
        self._layers = [_Layer(parts, f"encoder.layer.{number}") for number in range(len(layers))]
        self._threads = torch.get_num_threads()
        self._workers = _workers(self._threads)
        self._askers = _workers(self._threads)

    @property
    def dimension(self) -> int:
        return self._tables[0].shape[1]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The mean vectors of the texts, of any length; not finite where attention leaves the range of 16 bit."""
        found = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        lengths = [len(tokens) for tokens in found]
        if sum(lengths) <= TOKENS_OF_QUERIES:
            return self._askers.submit(self._encode, found).result()  # queries do not queue behind passages
        rounds = math.ceil(sum(lengths) / (self._threads * TOKENS_AT_ONCE))
        shares = [found[start:end] for start, end in equal_shares(lengths, rounds * self._threads)]
        return np.concatenate(list(self._workers.map(self._encode, shares)))

    @torch.inference_mode()
    def _encode(self, texts: Sequence[Sequence[int]]) -> Vectors:
        ends = np.cumsum([0, *map(len, texts)]).tolist()
        texts_at = list(pairwise(ends))
        states = self._embed(texts, texts_at)
        for layer in self._layers:
            states = layer(states, texts_at)
        means = torch.stack([states[start:end].mean(0, dtype=torch.float32) for start, end in texts_at])
        return np.asarray(means.numpy(), np.float32)

    def _embed(self, texts: Sequence[Sequence[int]], texts_at: Sequence[tuple[int, int]]) -> Tensor:
        tokens = torch.tensor([token for text in texts for token in text])
        places = torch.cat([torch.arange(end - start) for start, end in texts_at])
        words, positions, kinds = self._tables
        summed = words[tokens].float()
        summed += positions[places]
        summed += kinds[0]
        return self._after_tables(summed.bfloat16())


class _Layer:
    def __init__(self, parts: ModelParts, name: str) -> None:
        self._after_attention = _Norm(parts, f"{name}.attention.output.LayerNorm")
        self._after_words = _Norm(parts, f"{name}.output.LayerNorm")
        self._heads = parts.heads
        read = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        weights = [parts.weights[f"{part}.weight"].float() for part in read]
        biases = [parts.weights[f"{part}.bias"].float() for part in read]
        # Scaled here once, so that exp2 of a score is what the softmax adds up.
        scale = math.log2(math.e) / math.sqrt(len(biases[0]) / parts.heads)
        weights[0], biases[0] = weights[0] * scale, biases[0] * scale
        self._project = _Linear(torch.cat(weights), torch.cat(biases))
        self._gather = _Linear.of(parts, f"{name}.attention.output.dense")
        self._widen = _Linear.of(parts, f"{name}.intermediate.dense")
        self._narrow = _Linear.of(parts, f"{name}.output.dense")

    def __call__(self, states: Tensor, texts_at: Sequence[tuple[int, int]]) -> Tensor:
        attended = self._attend(self._project(states), texts_at)
        states = self._after_attention(self._gather.added(attended, states))
        return self._after_words(self._narrow.added(self._widen.gelu(states), states))

    def _attend(self, projected: Tensor, texts_at: Sequence[tuple[int, int]]) -> Tensor:
        """Attention of each text by itself, three times as fast as scaled_dot_product_attention without AMX.

        The largest score is not taken off first: a score over 127 makes the vector infinite, which is noticed.
        """
        parts = projected.view(len(projected), 3, self._heads, -1)
        attended = projected.new_empty(len(projected), self._heads, parts.shape[-1])
        for start, end in texts_at:
            queries, keys, values = parts[start:end].permute(1, 2, 0, 3).contiguous()
            shares = torch.bmm(queries, keys.transpose(1, 2)).exp2_()
            mixed = torch.bmm(shares, values).div_(shares.sum(-1, keepdim=True))
            attended[start:end] = mixed.transpose(0, 1)
        return attended.view(len(projected), -1)


class _Linear:
    """A layer with its weights laid out as the processor multiplies them, by the operators that torch.compile uses:
    they add the bias, GELU and what is added afterwards before they round to 16 bit."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self._bias = bias.bfloat16()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.bfloat16().contiguous(), TOKENS_AT_ONCE)

    @classmethod
    def of(cls, parts: ModelParts, name: str) -> "_Linear":
        return cls(parts.weights[f"{name}.weight"], parts.weights[f"{name}.bias"])

    def __call__(self, rows: Tensor, function: str = "none") -> Tensor:
        made: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weight, self._bias, function, [], "none")
        return made

    def gelu(self, rows: Tensor) -> Tensor:
        return self(rows, "gelu")

    def added(self, rows: Tensor, more: Tensor) -> Tensor:
        made: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, more, self._weight, self._bias, "add")
        return made


class _Norm:
    def __init__(self, parts: ModelParts, name: str) -> None:
        self._weight, self._bias = parts.weights[f"{name}.weight"], parts.weights[f"{name}.bias"]
        self._epsilon = parts.epsilon

    def __call__(self, states: Tensor) -> Tensor:
        return layer_norm(states, self._bias.shape, self._weight, self._bias, self._epsilon)


def equal_shares(lengths: Sequence[int], count: int) -> Iterator[tuple[int, int]]:
    """Cuts a row of texts into at most `count` stretches, (start, end), with about as many tokens each."""
    ends: NDArray[np.int64] = np.cumsum(lengths, dtype=np.int64)
    shares = (ends - np.asarray(lengths) // 2 - 1) * count // ends[-1]
    cuts = (np.flatnonzero(np.diff(shares)) + 1).tolist()
    return pairwise([0, *cuts, len(lengths)])


def _workers(count: int) -> ThreadPoolExecutor:
    """Threads each of which multiplies alone."""
    started = Barrier(count + 1)

    def start() -> None:
        torch.set_num_threads(1)
        started.wait()

    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "encoder", start)
    for _ in range(count):
        pool.submit(int)
    started.wait()
    torch.set_num_threads(threads)  # torch gives the number last said to every thread that is yet to start
    return pool
