"""The floor: a bare client that keeps nothing. `python -m benchmarks.floor URL MODEL N CONCURRENCY` prints its seconds of wall and CPU.

With `--retries` a failed call is made again so often by the client itself, and a prompt whose call still fails is given up, as in many a script.
"""

import argparse
import asyncio
import json
import time

import openai


async def main(options: argparse.Namespace) -> None:
    client = openai.AsyncOpenAI(base_url=options.url, api_key="none", max_retries=options.retries or 0)
    slots = asyncio.Semaphore(options.concurrency)

    async def ask(text: str) -> bool:
        async with slots:
            try:
                answer = await client.chat.completions.create(model=options.model, messages=[{"role": "user", "content": text}])
            except openai.APIError:
                if options.retries is None:
                    raise
                return False
            return bool(answer.choices)

    if options.retries is None:
        await asyncio.gather(*(ask(f"warm {number}: how do I tie a bowline?") for number in range(2 * options.concurrency)))
    wall, cpu = time.perf_counter(), time.process_time()
    answered = sum(await asyncio.gather(*(ask(f"{options.mark} {number}: how do I tie a bowline?") for number in range(options.count))))
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "answered": answered}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor")
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("count", type=int)
    parser.add_argument("concurrency", type=int)
    parser.add_argument("--retries", type=int, help="times that the client makes a failed call again; without it a failure ends the script")
    parser.add_argument("--mark", default="floor", help="first word of each prompt")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_options()))
