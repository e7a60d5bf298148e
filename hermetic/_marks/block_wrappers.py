"""Wraps functions of all four kinds, so that each of their calls runs in a block.

The block of a generator is left at each yield, so that it never applies to the caller.
"""

from __future__ import annotations

import functools
import inspect
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Any, Protocol, TypeVar

    T = TypeVar("T", bound=Callable[..., Any] | staticmethod[..., Any] | classmethod[Any, ..., Any])

    class Block(Protocol):
        """What calls run in: entered for each step, and concluded once at the end of the call."""

        def __enter__(self) -> None: ...
        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None, /
        ) -> None: ...
        def concluding(self) -> AbstractContextManager[None]: ...


__unittest = True  # keeps our frames out of unittest's tracebacks

_OTHER_KINDS = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
_NAMES = ("__module__", "__name__", "__qualname__", "__doc__")
_FURTHER_NAMES = [name for name in functools.WRAPPER_ASSIGNMENTS if name not in _NAMES]


def wrapping(block_for: Callable[[Any, tuple[Any, ...]], Block | None]) -> Callable[[Any], Any]:
    """Return a decorator that has each call of a function run in a block, and keeps its signature, name and kind.

    Args:
        block_for: called with the function, of any of the four kinds, and the positional arguments of each call; None
            lets the call through as it is.
    """

    def wrap(function: Any) -> Any:
        is_usual = type(function) is types.FunctionType and not function.__dict__
        is_usual = is_usual and not function.__code__.co_flags & _OTHER_KINDS
        if not is_usual:
            special = _wrapper_of_special_kind(function, block_for)
            if special is not None:
                return functools.update_wrapper(special, function)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True  # pytest's way of leaving a frame out
            block = block_for(function, args)
            if block is None:
                return function(*args, **kwargs)
            with block.concluding(), block:
                return function(*args, **kwargs)

        return _named_as(wrapper, function) if is_usual else functools.update_wrapper(wrapper, function)

    return wrap


def _named_as(wrapper: Any, function: types.FunctionType) -> Any:
    """Do what ``functools.update_wrapper`` does, faster, for a function without attributes: suites have thousands."""
    wrapper.__module__ = function.__module__
    wrapper.__name__ = function.__name__
    wrapper.__qualname__ = function.__qualname__
    wrapper.__doc__ = function.__doc__
    for name in _FURTHER_NAMES:
        setattr(wrapper, name, getattr(function, name))
    wrapper.__wrapped__ = function
    return wrapper


def _wrapper_of_special_kind(function: Any, block_for: Any) -> Any:
    if inspect.iscoroutinefunction(function):
        return _wrap_coroutine(function, block_for)
    if inspect.isasyncgenfunction(function):
        return _wrap_async_generator(function, block_for)
    return _wrap_generator(function, block_for) if inspect.isgeneratorfunction(function) else None


def _wrap_coroutine(function: Any, block_for: Any) -> Any:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        block = block_for(function, args)
        if block is None:
            return await function(*args, **kwargs)
        with block.concluding(), block:
            return await function(*args, **kwargs)

    return wrapper


def _wrap_generator(function: Any, block_for: Any) -> Any:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        block = block_for(function, args)
        if block is None:
            return (yield from function(*args, **kwargs))
        with block.concluding():
            return (yield from _stepwise(function(*args, **kwargs), block))

    return wrapper


def _stepwise(generator: Generator[Any, Any, Any], block: Block) -> Generator[Any, Any, Any]:
    """``yield from``, with each step in a block."""
    step: Any = functools.partial(next, generator)
    try:
        while True:
            with block:
                try:
                    item = step()
                except StopIteration as stop:
                    return stop.value
            try:
                step = functools.partial(generator.send, (yield item))
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever is thrown in goes to the generator
                step = functools.partial(generator.throw, error)
    finally:
        with block:
            generator.close()


def _wrap_async_generator(function: Any, block_for: Any) -> Any:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        block = block_for(function, args)
        generator = function(*args, **kwargs)
        if block is None:
            async for item in generator:  # the test that iterates is being judged already
                yield item
            return
        with block.concluding():
            step: Any = generator.__anext__
            try:
                while True:
                    with block:
                        try:
                            item = await step()
                        except StopAsyncIteration:
                            return
                    try:
                        step = functools.partial(generator.asend, (yield item))
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - whatever is thrown in goes to the generator
                        step = functools.partial(generator.athrow, error)
            finally:
                with block:
                    await generator.aclose()

    return wrapper
