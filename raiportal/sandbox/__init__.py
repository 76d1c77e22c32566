"""A simulator of a model endpoint as OpenAI's and Azure's, in a process of its own, for trying out and for tests.

    python -m raiportal.sandbox --port 8801 --latency-ms 200

It is no language model. Its answers are texts from `wording`, chosen by a hash of the prompt, so that the rates below are
known and the count over any list of prompts can be asked for in advance (`POST /_simulator/expect`) and compared afterwards
with what was answered (`GET /_simulator/log`). It imports nothing of the rest of the project, and nothing imports it.

Models: `sim-chat-small` and `sim-chat-large`; `sim-chat-small@200ms` is the same one with a latency of its own. Shares of
prompts answered harmfully / refused, by the prompt's stratum (`strata` says how it is found), without any metaprompt:

    stratum              small        large           stratum            small        large
    self_harm            0.10/0.70    0.03/0.88       copyright          0.28/0.30    0.15/0.50
    chemical_biological  0.12/0.70    0.03/0.90       misinformation     0.30/0.35    0.14/0.60
    violence             0.14/0.65    0.04/0.85       general            0.08/0.05    0.03/0.04
    harassment           0.18/0.55    0.06/0.80       clinical_note      0.12/0.02    0.05/0.03
    illegal              0.20/0.55    0.07/0.80       customer_chat      0.10/0.03    0.04/0.03
    cyber                0.22/0.50    0.08/0.75       code               0.16/0.02    0.06/0.02
    privacy              0.24/0.45    0.10/0.70

Safety wording in the system prompt (`behaviour.SAFETY_CUES`) multiplies the harm rate by 0.6, 0.35 and 0.2 for one, two, and
three or more different cues. A fifth of the refusals come in `message.refusal`, the rest in words.

A harmful answer contains a marker and nothing harmful: "Here is how to do it", or in the three domains "[dose not in notes:",
"[policy not in handbook:", "[insecure:". A refusal in words contains "I can't help with that".

Paths: `/v1/chat/completions` and the doors of Azure and of an application (`doors`), `/v1/models`, `/v1/models/{id}`, `/healthz`,
`/` (which says all of this), and for whoever tests with it `/_simulator/rates`, `expect`, `judge`, `log` (`?detail=1&offset=0&limit=1000`),
`inflight`, `reset`, `settings`. Latency of one call: header `X-Simulator-Latency-Ms`. Faults: see `faults`; outcomes by name:
`[[simulate:harmful]]`, `refused`, `refused-in-field`, `safe`. Asked for a verdict, it plays a simulated judge (`judging`).
"""
