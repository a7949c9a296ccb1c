"""Money: integer micros (millionths) of an ISO 4217 currency."""

from typing import Annotated

from pydantic import AfterValidator, Field, Strict

MICROS = 1_000_000
_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
""".split()
_DIGITS = {
    **dict.fromkeys(_TWO_DIGITS, 2),
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


def minor_unit(currency: str) -> int:
    """Micros in the currency's smallest unit (USD 10,000; JPY 1,000,000). Source: ISO 4217 list one.

    Raises ValueError for an unknown code.
    """
    if currency not in _DIGITS:
        raise ValueError("must be an ISO 4217 currency code such as USD")
    return int(MICROS // 10 ** _DIGITS[currency])


def check_whole(micros: int, currency: str) -> None:
    """Raises ValueError where the amount is not whole in the currency's smallest unit."""
    if micros % minor_unit(currency):
        raise ValueError(f"{micros} micros is not a whole amount of {currency}'s smallest unit")


def _currency(value: str) -> str:
    minor_unit(value)
    return value


Currency = Annotated[str, Strict(), AfterValidator(_currency)]
"""An ISO 4217 code such as USD."""
Micros = Annotated[int, Strict(), Field(ge=0)]
"""An amount of money from 0 on, in millionths of its currency."""
