"""BERT-like models in 16 bit without padding: the tokens of many texts go through each layer as one matrix.

A text attends to itself alone, in matrices of its own length, so its vector does not depend on the texts around it.
Every worker multiplies on one thread: texts are independent, and threads that share a multiplication wait for each
other at the end of each.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import layer_norm
from transformers import BertModel

from indexer.embedding.base import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TOKENS_AT_ONCE = 4096  # for each worker
KNOWN_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
TRIED = (
    "",
    "Who knows why the Brake pads are WORN?",
    "Türen, 制动 and in_place_update: 0.75 (E-4711)",
    "pads again " * 600,
)
LEAST_AGREEMENT = 0.995
NOT_KNOWN = (AttributeError, TypeError, ValueError, RuntimeError)


def packed(model: "SentenceTransformer") -> "PackedModel | None":
    """The model without padding, where it is one that this module knows and gives the same vectors; else None."""
    if [type(module).__name__ for module in model] not in KNOWN_MODULES:
        return None
    try:
        made = PackedModel(model) if _is_known(model) else None
        return made if made and _agrees(made, model) else None
    except NOT_KNOWN:  # from another version of a library: the ordinary path is there for that
        return None


def _is_known(model: "SentenceTransformer") -> bool:
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


def _agrees(made: "PackedModel", model: "SentenceTransformer") -> bool:
    """Whether a few texts get the vectors that they get in the ordinary way; tells how vectors are pooled, too."""
    ordinary = np.asarray(model.encode(list(TRIED), show_progress_bar=False), np.float32)
    vectors = made.encode(TRIED)
    lengths = np.linalg.norm(ordinary, axis=1) * np.linalg.norm(vectors, axis=1)
    return bool(((ordinary * vectors).sum(axis=1) >= LEAST_AGREEMENT * lengths).all())


class PackedModel:
    """Runs the layers of a model that `packed` has tried. Safe to use from several threads."""

    def __init__(self, model: "SentenceTransformer") -> None:
        bert: Any = model[0].auto_model
        tokenizer = model.tokenizer
        self._tokenizer = type(tokenizer.backend_tokenizer).from_str(tokenizer.backend_tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model.max_seq_length, direction=tokenizer.truncation_side)
        self._embeddings: Any = bert.embeddings
        self._layers = [_Layer(layer) for layer in bert.encoder.layer]
        self._threads = torch.get_num_threads()
        self._workers = _workers(self._threads)
        self._askers = _workers(self._threads)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The mean vectors of the texts, of any length; not finite where attention leaves the range of 16 bit."""
        found = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        if len(found) == 1:
            return self._askers.submit(self._encode, found).result()  # a query does not queue behind passages
        lengths = [len(tokens) for tokens in found]
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
        made = self._embeddings
        summed = made.word_embeddings.weight[tokens].float()
        summed += made.position_embeddings.weight[places]
        summed += made.token_type_embeddings.weight[0]
        return _normalised(summed.bfloat16(), made.LayerNorm)


class _Layer:
    def __init__(self, layer: Any) -> None:
        attention, self._after_attention = layer.attention.self, layer.attention.output.LayerNorm
        self._after_words = layer.output.LayerNorm
        self._heads = attention.num_attention_heads
        # Scaled here once, so that exp2 of a score is what the softmax adds up.
        scale = math.log2(math.e) / math.sqrt(attention.attention_head_size)
        parts = (attention.query, attention.key, attention.value)
        weights, biases = [part.weight.float() for part in parts], [part.bias.float() for part in parts]
        weights[0], biases[0] = weights[0] * scale, biases[0] * scale
        self._project = _Linear(torch.cat(weights), torch.cat(biases))
        self._gather = _Linear.of(layer.attention.output.dense)
        self._widen = _Linear.of(layer.intermediate.dense)
        self._narrow = _Linear.of(layer.output.dense)

    def __call__(self, states: Tensor, texts_at: Sequence[tuple[int, int]]) -> Tensor:
        attended = self._attend(self._project(states), texts_at)
        states = _normalised(self._gather.added(attended, states), self._after_attention)
        return _normalised(self._narrow.added(self._widen.gelu(states), states), self._after_words)

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
        self._bias = bias.detach().bfloat16()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach().bfloat16().contiguous(), TOKENS_AT_ONCE)

    @classmethod
    def of(cls, dense: Any) -> "_Linear":
        return cls(dense.weight, dense.bias)

    def __call__(self, rows: Tensor, function: str = "none") -> Tensor:
        made: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weight, self._bias, function, [], "none")
        return made

    def gelu(self, rows: Tensor) -> Tensor:
        return self(rows, "gelu")

    def added(self, rows: Tensor, more: Tensor) -> Tensor:
        made: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, more, self._weight, self._bias, "add")
        return made


def _normalised(states: Tensor, norm: torch.nn.LayerNorm) -> Tensor:
    return layer_norm(states, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


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
