"""What is wrong around the chat: it works all the same, or says plainly what is wrong.

Storage, cookies and clocks are those of the browser itself here, as its settings make them.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from bot.channels.webchat.identity import IdentityKeys
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.office import KEY
from tests.browser.test_files import choose, tray
from tests.browser.visitor import Visitor, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext

    from tests.browser.conftest import Arrive
    from tests.browser.office import Office

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

SIGN_IN = {"en": "Please sign in", "zh": "请先登录"}
DAY = timedelta(days=1)


# -- who somebody is -------------------------------------------------------------------------------


def identity(
    *, key: str = KEY, site: str, issued: timedelta = timedelta(), life: timedelta = DAY / 24
) -> str:
    at = datetime.now(UTC) + issued
    return IdentityKeys([key]).sign("ada", site=site, at=at, life=life, email="ada.byrne@x.example")


def bad_identities(site: str) -> dict[str, str]:
    """Return what does not vouch for anybody on a site."""
    fields = {"sub": "ada", "aud": site, "exp": datetime.now(UTC) + DAY / 2}
    return {
        "of another site": identity(site="elsewhere"),
        "expired": identity(site=site, issued=-DAY),
        "forged": identity(site=site, key="another-key-that-nobody-shares-with-us-00000"),
        "unsigned": jwt.encode(fields, None, algorithm="none"),
        "no token": "<img src=x onerror=alert(1)>",
    }


async def test_a_bad_identity_makes_nobody_of_a_stranger(office: Office, arrive: Arrive):
    home = office.elsewhere.page(office.service.base)
    visitor = await arrive(base=office.service.base, home=home)
    visitor.forgiven = ("401", "the identity was refused")
    await visitor.page.evaluate(
        "() => { window.told = []; Frontdesk.on('ready', (one) => told.push(one.verified)); }"
    )
    for name, bad in bad_identities("default").items():
        await visitor.page.evaluate("(jwt) => Frontdesk.identify(jwt)", bad)
        await visitor.open()
        assert "Which order" in await visitor.ask("Where is my order?"), name
        assert "as a guest" in await visitor.page.locator(".notice-bar").inner_text(), name
        await visitor.page.evaluate("Frontdesk.reset()")
    told = await visitor.page.evaluate("told")
    assert len(told) == len(bad_identities("default"))
    assert not any(told)


async def test_an_identity_that_is_no_string_is_told_to_the_page_and_keeps_nobody_out(
    office: Office, arrive: Arrive
):
    home = office.elsewhere.page(office.service.base)
    visitor = await arrive(base=office.service.base, home=home)
    visitor.forgiven = ("identify: a JWT is a string",)
    await visitor.page.evaluate("Frontdesk.identify({token: 'a.b.c'})")
    await visitor.open()
    assert "welcome to" in await visitor.ask("Hello")


@pytest.mark.parametrize("language", SIGN_IN)
async def test_who_may_not_chat_without_is_told_to_sign_in(
    office: Office, arrive: Arrive, language: str
):
    home = office.elsewhere.page(office.service.base, site="members", lang=language)
    visitor = await arrive(base=office.service.base, home=home)
    visitor.forgiven = ("401", "the identity was refused")
    notice = visitor.page.locator(".notice-bar")
    bads = list(bad_identities("members").values())
    for bad in bads if language == "en" else bads[:1]:
        await visitor.page.evaluate("(jwt) => Frontdesk.identify(jwt)", bad)
        await visitor.page.evaluate("Frontdesk.open()")
        await until(notice.inner_text, lambda text: text.startswith(SIGN_IN[language]))
        assert await visitor.input.is_hidden()
        assert await visitor.token() is None
        await visitor.page.evaluate("Frontdesk.reset()")
    await visitor.page.evaluate("(jwt) => Frontdesk.identify(jwt)", identity(site="members"))
    await visitor.open()
    await visitor.ask("Hello")


async def test_a_secret_opens_no_site_that_asks_for_an_identity(office: Office, arrive: Arrive):
    page = office.elsewhere.page
    visitor = await arrive(base=office.service.base, home=page(office.service.base))
    visitor.forgiven = ("401",)
    await visitor.open()
    await visitor.ask("Hello")
    token = await visitor.token()
    members = Visitor(
        visitor.context,
        await visitor.context.new_page(),
        office.service.base,
        page(office.service.base, site="members"),
    )
    members.forgiven = ("401",)
    await members.visit()
    key = "frontdesk:members:token"
    await members.page.evaluate("(pair) => localStorage.setItem(...pair)", [key, token])
    await members.page.locator(".launcher").click()
    notice = members.page.locator(".notice-bar")
    await until(notice.inner_text, lambda text: text.startswith(SIGN_IN["en"]))
    assert await members.bubbles() == []
    assert members.faults == []


# -- what the browser keeps ------------------------------------------------------------------------


@asynccontextmanager
async def settled(chromium: Browser, folder: Path, settings: Any) -> AsyncIterator[BrowserContext]:
    """A browser of its own whose owner has chosen these privacy settings."""
    preferences = folder / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text(json.dumps({"profile": settings}), "utf-8")
    context = await chromium.browser_type.launch_persistent_context(
        folder, executable_path=CHROMIUM, args=FLAGS, locale="zh-CN"
    )
    yield context
    await context.close()


async def test_where_storage_is_forbidden_the_chat_works_until_the_page_is_left(
    chromium: Browser, office: Office, tmp_path: Path
):
    nothing = {"default_content_setting_values": {"cookies": 2}}
    async with settled(chromium, tmp_path, nothing) as context:
        home = office.elsewhere.page(office.service.base, lang="zh")
        visitor = Visitor(context, context.pages[0], office.service.base, home)
        visitor.forgiven = ("ERR_INTERNET_DISCONNECTED",)
        await visitor.visit()
        forbidden = "() => { try { return !localStorage; } catch (one) { return one.name; } }"
        assert await visitor.page.evaluate(forbidden) == "SecurityError"
        await visitor.open()
        await visitor.ask("你好")
        await context.set_offline(offline=True)
        await visitor.say("怎么开发票？")
        notice = visitor.page.locator(".notice-bar")
        await until(notice.inner_text, lambda text: "请不要关闭" in text)
        await context.set_offline(offline=False)
        await until(lambda: visitor.said_by("bot"), lambda said: len(said) > 1)
        assert await visitor.said_by("customer") == ["你好", "怎么开发票？"]
        assert visitor.faults == []


async def test_third_party_cookies_are_not_missed(
    chromium: Browser, office: Office, tmp_path: Path
):
    blocked = {"block_third_party_cookies": True, "cookie_controls_mode": 1}
    async with settled(chromium, tmp_path, blocked) as context:
        home = office.elsewhere.page(office.service.base, lang="zh")
        visitor = Visitor(context, context.pages[0], office.service.base, home)
        await visitor.visit()
        await visitor.open()
        await visitor.ask("你好")
        conversation = await visitor.bubbles()
        await visitor.reload()
        await visitor.open()
        await visitor.shows(*conversation)
        assert await context.cookies() == []
        assert visitor.faults == []


FILL = """() => {
    for (let size = 1 << 22; size; )
        try {
            localStorage.setItem(`theirs${size}${Math.random()}`, 'x'.repeat(size));
        } catch { size >>= 1; }
    return Object.keys(localStorage).filter((key) => !key.startsWith('theirs'));
}"""


async def test_where_storage_is_full_nothing_is_lost_while_the_page_is_open(
    office: Office, arrive: Arrive
):
    home = office.elsewhere.page(office.service.base)
    visitor = await arrive(base=office.service.base, home=home)
    visitor.forgiven = ("ERR_INTERNET_DISCONNECTED",)
    assert await visitor.page.evaluate(FILL) == []
    await visitor.open()
    await visitor.ask("Hello")
    await visitor.context.set_offline(offline=True)
    await visitor.say("How long does delivery take?")
    notice = visitor.page.locator(".notice-bar")
    await until(notice.inner_text, lambda text: "Keep this page open" in text)
    await visitor.context.set_offline(offline=False)
    await until(lambda: visitor.said_by("bot"), lambda said: len(said) > 1)
    assert await visitor.said_by("customer") == ["Hello", "How long does delivery take?"]
    assert await visitor.page.evaluate("Object.keys(localStorage).length > 0")


# -- the time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [-DAY, DAY], ids=["yesterday", "tomorrow"])
async def test_a_clock_that_is_wrong_by_a_day_does_no_harm(
    office: Office, arrive: Arrive, off: timedelta
):
    async def wind(context: BrowserContext) -> None:
        await context.clock.install(time=datetime.now(UTC) + off)

    home = office.elsewhere.page(office.service.base, site="members")
    visitor = await arrive(base=office.service.base, home=home, prepare=wind, timezone_id="UTC")
    visitor.forgiven = ("401",)
    await visitor.page.evaluate("(jwt) => Frontdesk.identify(jwt)", identity(site="members"))
    await visitor.open()
    await visitor.ask("Hello")
    assert await visitor.page.locator(".day").all_inner_texts() == ["Today"]
    await visitor.page.clock.fast_forward("01:00")
    await visitor.ask("How long does delivery take?")
    assert await visitor.page.locator(".notice-bar").is_hidden()
    assert await visitor.page.locator(".pending, .failed").count() == 0


# -- files -----------------------------------------------------------------------------------------

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def test_what_is_no_picture_is_refused_in_the_customers_language(
    arrive: Arrive, tmp_path: Path
):
    contents = {
        "大图.png": bytes(20_000_000),
        "灯.svg": SVG,
        "灯.png": SVG,
        "程序.png": b"MZ\x90\x00" + bytes(100),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    visitor = await arrive(locale="zh-CN")
    visitor.forgiven = ("415",)
    await visitor.open()
    await choose(visitor, *(tmp_path / name for name in contents))
    await until(visitor.page.locator(".tray progress").count, lambda count: count == 0)
    shown = await tray(visitor)
    assert "超过 10 MB" in shown[0]
    assert [text for text in shown[1:] if "不支持这类文件" not in text] == []
    await visitor.ask("你好")
    assert await visitor.page.locator(".entry.customer .file").count() == 0
