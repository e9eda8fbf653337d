"""A real OpenAI-compatible server for tests: llama.cpp's own, with a tiny model of random weights (serve.py FOLDER KEY).

The model talks nonsense in the form that is asked for: what is tested is the protocol, not the sense. Needs the packages
xllamacpp, gguf and numpy. Prints the address when it listens; ends when its standard input does."""

import pathlib
import sys

import gguf
import numpy as np
import xllamacpp

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 64, 2, 4, 128, 8192
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\n'}}{% endif %}"
)


def byte_tokens():
    """One token for each byte, written as GPT-2 writes bytes: printable ones as themselves, others from U+0100 on."""
    printable = set(range(33, 127)) | set(range(161, 173)) | set(range(174, 256))
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def write_model(path):
    random = np.random.default_rng(20261122)
    tokens = byte_tokens() + SPECIAL + ["th"]
    kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.NORMAL]
    out = gguf.GGUFWriter(str(path), "llama")
    out.add_name("nonsense")
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_vocab_size(len(tokens))
    out.add_file_type(0)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(tokens)
    out.add_token_types(kinds)
    out.add_token_merges(["t h"])
    out.add_bos_token_id(256)
    out.add_eos_token_id(258)
    out.add_pad_token_id(256)
    out.add_add_bos_token(False)
    out.add_chat_template(TEMPLATE)

    def noise(*shape):
        return (random.standard_normal(shape) * 0.08).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    out.add_tensor("token_embd.weight", noise(len(tokens), WIDTH))
    out.add_tensor("output_norm.weight", ones)
    out.add_tensor("output.weight", noise(len(tokens), WIDTH))
    for layer in range(LAYERS):
        name = f"blk.{layer}."
        out.add_tensor(name + "attn_norm.weight", ones)
        out.add_tensor(name + "ffn_norm.weight", ones)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            out.add_tensor(f"{name}{part}.weight", noise(WIDTH, WIDTH))
        out.add_tensor(name + "ffn_gate.weight", noise(INNER, WIDTH))
        out.add_tensor(name + "ffn_up.weight", noise(INNER, WIDTH))
        out.add_tensor(name + "ffn_down.weight", noise(WIDTH, INNER))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


model = pathlib.Path(sys.argv[1]) / "nonsense.gguf"
write_model(model)
settings = xllamacpp.CommonParams()
settings.model.path = str(model)
settings.hostnames, settings.port = ["127.0.0.1"], 0
settings.n_ctx, settings.n_parallel = CONTEXT, 1
# One thread: the server's threads spin, and on a busy machine more of them are slower.
settings.cpuparams.n_threads = 1
settings.api_keys = [sys.argv[2]]
server = xllamacpp.Server(settings)
print(server.listening_address, flush=True)
sys.stdin.read()
