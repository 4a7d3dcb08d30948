"""Places are given by priority, then in order; who leaves the line takes none."""

import asyncio

from hikari_serve.cascade.places import Places


def test_who_waits_is_let_in_by_priority_and_then_in_order() -> None:
    let_in: list[str] = []

    async def main() -> None:
        places = Places(1)

        async def come(name: str, priority: int) -> None:
            async with places.place(priority):
                let_in.append(name)
                await asyncio.sleep(0)

        async with places.place(5):
            line = [("c", 9), ("a", 5), ("b", 5), ("first", 1)]
            tasks = [asyncio.create_task(come(*each)) for each in line]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert let_in == ["first", "a", "b", "c"]


def test_who_leaves_the_line_takes_no_place() -> None:
    async def main() -> int:
        places = Places(2)
        inside = most = 0

        async def come() -> None:
            nonlocal inside, most
            async with places.place(5):
                inside += 1
                most = max(most, inside)
                try:
                    await asyncio.sleep(0)
                finally:
                    inside -= 1

        tasks = [asyncio.create_task(come()) for _ in range(20)]
        for at, task in enumerate(tasks):
            await asyncio.sleep(0)
            if at % 3 == 0:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most == 2
        async with asyncio.timeout(1), places.place(5), places.place(5):
            return most

    assert asyncio.run(main()) == 2
