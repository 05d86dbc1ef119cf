"""How high a sound is."""

import math
from collections.abc import Sequence


def loudest(samples: Sequence[int], rate: int) -> float:
    """The frequency that is loudest, in hertz: by a Fourier transform of the middle, which a window keeps from leaking; between two bins by a parabola."""
    size = 1 << max(1, min(len(samples), 8192).bit_length() - 1)
    start = (len(samples) - size) // 2
    middle = [samples[start + place] * math.sin(math.pi * place / size) ** 2 + 0j for place in range(size)]
    power = [abs(each) for each in _transformed(middle)[: size // 2]]
    top = max(range(2, size // 2 - 1), key=power.__getitem__)
    left, here, right = power[top - 1 : top + 2]
    across = left - 2 * here + right
    return (top + (0.5 * (left - right) / across if across else 0.0)) * rate / size


def _transformed(values: list[complex]) -> list[complex]:
    """Cooley and Tukey's, of a power of two."""
    if len(values) == 1:
        return values
    even, odd = _transformed(values[::2]), _transformed(values[1::2])
    turn = -2j * math.pi / len(values)
    turned = [_turn(turn * place) * each for place, each in enumerate(odd)]
    return [a + b for a, b in zip(even, turned, strict=True)] + [a - b for a, b in zip(even, turned, strict=True)]


def _turn(angle: complex) -> complex:
    return complex(math.cos(angle.imag), math.sin(angle.imag))
