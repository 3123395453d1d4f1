"""HTTP as a client of ours speaks it: to 127.0.0.1, naming the host, since not every resolver knows `*.localhost`."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from fintech.journey.expectations import HOW_TO_START, NotServed, NotSo

TIMEOUT_SECONDS = 20.0
# Everything here is plain HTTP on this machine. Trusts nobody, and so needn't read the list of authorities.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
SHOWN_OF_BODY = 800


class HttpDoor:
    """One service, as one browser or app sees it: keeps cookies, follows no redirect by itself."""

    def __init__(self, service: str, *, port: int, host: str) -> None:
        self.service = service
        self.host = host
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Host": f"{host}:{port}"},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            verify=_NO_TLS,
        )

    def ask(self, method: str, path: str, *, expecting: int | tuple[int, ...], **options: Any) -> httpx.Response:
        """Send a request. Raises NotSo for another status, NotServed when nobody answers."""
        try:
            response = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise NotServed(
                f"{self.service} doesn't answer at {self._http.base_url} ({error or type(error).__name__}); "
                f"{HOW_TO_START}"
            ) from error
        wanted = expecting if isinstance(expecting, tuple) else (expecting,)
        if response.status_code not in wanted:
            raise NotSo(
                expected=f"{' or '.join(map(str, wanted))} for {method} {path} at {self.host}",
                found=f"{response.status_code} {_body(response)}",
            )
        return response

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies of this browser."""
        return self._http.cookies

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _body(response: httpx.Response) -> str:
    text = response.text.strip()
    return text[:SHOWN_OF_BODY] if text else "with an empty body"
