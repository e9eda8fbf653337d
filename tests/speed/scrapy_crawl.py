"""Crawls one host with Scrapy and writes the text of each page: `scrapy_crawl.py ADDRESS FILE KIND`.

KIND is `plain` (all text of the body), `trafilatura` (extraction in the callback, as in the examples of both
projects: one core does all the work) or `pool` (trafilatura in as many processes as there are cores).
Run by the Python that has both packages installed.
"""

import asyncio
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor

SETTINGS = {
    "AUTOTHROTTLE_ENABLED": False,
    "CONCURRENT_REQUESTS": 32,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 32,
    "COOKIES_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "LOG_ENABLED": False,
    "ROBOTSTXT_OBEY": True,
    "TELNETCONSOLE_ENABLED": False,
}


def main_text(html: str) -> str:
    """The text that trafilatura takes for the main one, with its own defaults."""
    import trafilatura  # only here: plain parsing shall not pay for loading it

    return trafilatura.extract(html) or ""


class Plain(scrapy.Spider):
    """Follows every link on the host it starts at."""

    name = "pages"

    def __init__(self, address: str, **kwargs):
        super().__init__(**kwargs)
        self.address = address
        self.links = LinkExtractor(allow_domains=[urlsplit(address).netloc])

    async def start(self):
        yield scrapy.Request(self.address)  # unlike `start_urls`, it is not read again when a page links to it

    async def parse(self, response):
        if isinstance(response, HtmlResponse):
            for link in self.links.extract_links(response):
                yield scrapy.Request(link.url)
            yield {"address": response.url, "title": response.css("title::text").get(""), "text": await self.text(response)}

    async def text(self, response: HtmlResponse) -> str:
        return " ".join(" ".join(response.xpath("//body//text()").getall()).split())


class Trafilatura(Plain):
    """Extracts where it crawls."""

    async def text(self, response: HtmlResponse) -> str:
        return main_text(response.text)


class Pool(Plain):
    """Extracts in other processes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.pool = ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("fork"))

    async def text(self, response: HtmlResponse) -> str:
        return await asyncio.get_running_loop().run_in_executor(self.pool, main_text, response.text)

    def closed(self, _):
        self.pool.shutdown()


if __name__ == "__main__":
    address, file, kind = sys.argv[1:]
    spider = {"plain": Plain, "trafilatura": Trafilatura, "pool": Pool}[kind]
    process = CrawlerProcess({**SETTINGS, "FEEDS": {file: {"format": "jsonlines", "encoding": "utf-8"}}})
    process.crawl(spider, address=address)
    process.start()
