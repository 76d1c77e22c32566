"""The floor: a bare client that keeps nothing. `python -m benchmarks.floor URL MODEL N CONCURRENCY` prints its seconds of wall and CPU."""

import asyncio
import json
import sys
import time

import openai


async def main(url: str, model: str, count: int, concurrency: int) -> None:
    client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    slots = asyncio.Semaphore(concurrency)

    async def ask(text: str) -> None:
        async with slots:
            answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])
            assert answer.choices

    await asyncio.gather(*(ask(f"warm {number}: how do I tie a bowline?") for number in range(2 * concurrency)))
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(ask(f"floor {number}: how do I tie a bowline?") for number in range(count)))
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
