"""Services beside each other: one with very many files does not hold up another with one. Told by what was completed in
which order, so that a slow machine is as good as a fast one.
"""

import asyncio

import obstore

from .platform import Platform

FILES = 2000
SLOW = 'sleep 0.2; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'


async def put_all(platform: Platform, bucket: str, count: int) -> None:
    store, numbers = platform.bucket(bucket), iter(range(count))

    async def caller() -> None:
        for number in numbers:
            await obstore.put_async(store, f"in/{number:05}", b"x", use_multipart=False)

    await asyncio.gather(*(caller() for _ in range(16)))


def test_one_file_does_not_wait_for_two_thousand_of_another_service(own: Platform) -> None:
    own.up()
    own.deploy("crowd", SLOW, cpu="0.2")
    own.deploy("lone", COPY, cpu="0.2")
    asyncio.run(put_all(own, "crowd", FILES))
    own.put("lone/in/one", b"1")
    [lone] = own.ended("lone").values()
    assert lone["state"] == "published"
    crowd = own.jobs("crowd").values()
    assert len(crowd) == FILES
    ended = sorted(job["stages"]["published"] for job in crowd if "published" in job["stages"])
    between = [moment for moment in ended if lone["stages"]["stored"] <= moment <= lone["stages"]["published"]]
    assert ended, "the crowd was at work meanwhile"
    assert len(between) <= FILES // 20
    assert len(ended) <= FILES // 2


def test_max_scale_bounds_the_runners_of_jobs(own: Platform) -> None:
    own.up()
    own.deploy("narrow", SLOW, cpu="0.1", synchronous={"max_scale": 2})
    asyncio.run(put_all(own, "narrow", 20))
    jobs = own.ended("narrow", count=20).values()
    moments = sorted(
        [(job["stages"]["started"], 1) for job in jobs] + [(job["stages"]["ended"], -1) for job in jobs],
    )
    running, most = 0, 0
    for _, step in moments:
        running += step
        most = max(most, running)
    assert most == 2
