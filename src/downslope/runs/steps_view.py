"""The view ``steps``: the recorded numbers of every step for plain SQL, which cannot read the bytes of a float.

A double's eight bytes, lowest first, are taken apart as hexadecimal digits: 13 of them are the fraction m, three the
sign s and the exponent e. Its value is s · (2⁵² + m) · 2^(e - 1075), and s · m · 2⁻¹⁰⁷⁴ where e is 0. The power of two
is put together from the bits of its exponent, and every product is exact; so the view gives each number to its last
bit, infinity as Inf, and NaN as NULL, because SQL has no NaN. It uses nothing but what every sqlite3 command has.
"""

from __future__ import annotations

from collections.abc import Sequence


def steps_view(scalars: Sequence[str], chunk: int) -> str:
    """The statement that makes the view. scalars: the columns of ``chunks``; chunk: the most steps of a row there."""
    columns = ",\n".join(f"{_number(name)} AS {name}" for name in scalars)
    return f"""CREATE VIEW steps AS WITH RECURSIVE
n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<{chunk - 1}),
p(z,q,a,b,c,d) AS (SELECT z,q,a,a*a,a*a*a*a,a*a*a*a*a*a*a*a
FROM (SELECT '123456789ABCDEF' AS z,4294967296.0 AS q,4294967296.0*4294967296.0 AS a))
SELECT first+i AS step,
{columns}
FROM chunks JOIN n ON i<count JOIN p ORDER BY step"""


def _number(name: str) -> str:
    """The number of step ``first + i``. z: digits but 0, at their value; q, a, b, c, d: 2 to the 32, 64, 128, 256, 512.

    A column of one value throughout holds it once. LIMIT 1 keeps SQLite from computing the inner names once for every
    place where they stand.
    """
    places = [14, *(place for byte in range(5, -1, -1) for place in (2 * byte + 1, 2 * byte + 2))]
    m = "+".join(f"({_digit(place)}<<{4 * (12 - k)})" for k, place in enumerate(places))
    return f"""(SELECT CASE WHEN e=2047 THEN CASE m WHEN 0 THEN s*9e999 END WHEN e>1075 THEN s*(m+(1<<52))*f
WHEN e>51 THEN s*(m+(1<<52))/f ELSE s*(m+((e>0)<<52))/f/d/d END FROM (SELECT *,
(1<<k%32)*1.0*iif(k&32,q,1)*iif(k&64,a,1)*iif(k&128,b,1)*iif(k&256,c,1)*iif(k&512,d,1) AS f
FROM (SELECT *,abs(max(e,1)-1075) AS k FROM (SELECT {m} AS m,
(({_digit(15)}&7)<<8)+({_digit(16)}<<4)+{_digit(13)} AS e,iif({_digit(15)}<8,1.0,-1.0) AS s
FROM (SELECT hex(substr({name},iif(length({name})=8,1,8*i+1),8)) AS h LIMIT 1) LIMIT 1) LIMIT 1) LIMIT 1))"""


def _digit(place: int) -> str:
    """A hexadecimal digit of h as a number: 0 is not among the digits of z, and instr tells a missing one as 0."""
    return f"instr(z,substr(h,{place},1))"
