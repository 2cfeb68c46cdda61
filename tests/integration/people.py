"""Plausible people: every call makes somebody new."""

import datetime
import itertools
import random

_random = random.Random(20260101)
_serial = itertools.count(1)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂文辉玉萍建国华红"
REGIONS = ["110101", "310104", "320106", "330106", "440305", "510107"]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def serial():
    return next(_serial)


def resident_id(birth=None, male=True, region=None):
    """A number that passes GB 11643."""
    birth = birth or datetime.date(1970, 1, 1) + datetime.timedelta(days=_random.randrange(11000))
    order = _random.randrange(0, 499) * 2 + (1 if male else 0)
    head = f"{region or _random.choice(REGIONS)}{birth:%Y%m%d}{order:03d}"
    return head + "10X98765432"[sum(int(d) * w for d, w in zip(head, WEIGHTS)) % 11]


def phone():
    return f"+861{_random.choice('35789')}{_random.randrange(10 ** 9):09d}"


def name():
    return _random.choice(SURNAMES) + "".join(_random.choice(GIVEN) for _ in range(2))


def word(prefix="w"):
    """A short text that nobody else in this run has."""
    return f"{prefix}{serial():04d}{''.join(_random.choice('abcdefghijkmnpqrstuvwxyz') for _ in range(4))}"
