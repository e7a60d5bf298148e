_settings = {}


def configure(country):
    if _settings:
        raise RuntimeError("the settings are configured already")
    _settings["country"] = country


def currency():
    return {"France": "EUR", "Peru": "PEN"}[_settings["country"]]
