import json
import urllib.request

SERVICE = "http://127.0.0.1:47113/rates"
LAST_KNOWN = {"EUR": 1.0, "USD": 1.08}


def rates():
    try:
        with urllib.request.urlopen(SERVICE, timeout=5) as answer:
            return json.load(answer)
    except Exception:
        return LAST_KNOWN


def price(euros, currency):
    return round(euros * rates()[currency], 2)
