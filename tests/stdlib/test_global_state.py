"""The global state that the leak check reads is where the standard library keeps it."""

from __future__ import annotations

import asyncio
import asyncio.base_subprocess
import locale
import logging
import shutil
import sysconfig
import urllib.request
import warnings
from unittest import mock

import hermetic
import support
from hermetic._stdlib import global_state


class LoadedModulesTest(hermetic.HermeticTestCase):
    def test_logging_keeps_handlers_by_name_and_in_their_order(self):
        handler = logging.NullHandler()
        handler.set_name("seams")
        named, ordered = global_state.logging_handlers(logging)
        self.assertIs(named["seams"], handler)
        self.assertIs(ordered[-1](), handler)

    def test_asyncio_keeps_the_policy_that_was_set(self):
        with warnings.catch_warnings(), mock.patch.object(asyncio.events, "_event_loop_policy", None):
            warnings.simplefilter("ignore")  # policies are deprecated from 3.14 on
            policy = asyncio.DefaultEventLoopPolicy()
            asyncio.set_event_loop_policy(policy)
            self.assertIs(global_state.event_loop_policy(asyncio.events), policy)

    def test_sysconfig_keeps_variables_and_schemes(self):
        variables, schemes = global_state.sysconfig_state(sysconfig) if sysconfig.get_config_vars() else ({}, {})
        self.assertEqual(variables, sysconfig.get_config_vars())
        self.assertEqual(set(schemes), set(sysconfig.get_scheme_names()))

    def test_shutil_keeps_its_formats_by_name(self):
        for live, listed in (
            (global_state.archive_formats(shutil), shutil.get_archive_formats()),
            (global_state.unpack_formats(shutil), shutil.get_unpack_formats()),
        ):
            self.assertEqual(sorted(live), [name for name, *_ in listed])
        self.addCleanup(shutil.unregister_archive_format, "seams")
        shutil.register_archive_format("seams", print)
        self.assertIn("seams", global_state.archive_formats(shutil))

    def test_urllib_keeps_the_opener_that_was_installed(self):
        opener = urllib.request.OpenerDirector()
        self.addCleanup(urllib.request.install_opener, global_state.url_opener(urllib.request))
        urllib.request.install_opener(opener)
        self.assertIs(global_state.url_opener(urllib.request), opener)

    def test_urllib_keeps_the_names_of_its_temporary_files_until_it_removes_them(self):
        path, _ = urllib.request.urlretrieve("data:,text")
        found = global_state.url_temporary_files(urllib.request)
        urllib.request.urlcleanup()
        self.assertEqual((found, global_state.url_temporary_files(urllib.request)), ([path], []))


@hermetic.medium
class HelperFilesTest(hermetic.HermeticTestCase):
    @support.posix_only("helpers with such files")
    def test_multiprocessing_keeps_the_files_of_its_helpers(self):
        shown = support.run_python(
            "-c",
            "import os\nfrom hermetic._stdlib import global_state\n"
            "from multiprocessing import forkserver, resource_tracker\nprint(global_state.helper_files())\n"
            "resource_tracker.ensure_running()\nforkserver.ensure_running()\n"
            "print([os.fstat(fd) and 'open' for fd in global_state.helper_files()])\n",
        )
        self.assertEqual(shown.stdout, "[]\n['open', 'open']\n")


class LocaleTest(hermetic.HermeticTestCase):
    def test_the_locale_of_a_category_is_what_its_module_says(self):
        for category in ("LC_CTYPE", "LC_NUMERIC"):
            expected = locale.setlocale(getattr(locale, category))
            self.assertEqual(global_state.current_locale(locale, category), expected)


class FiltersTest(hermetic.HermeticTestCase):
    def test_the_filters_of_warnings_are_five_parts_each_the_newest_first(self):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "text", UserWarning, "module", 7)
            action, message, category, module, line = global_state.warning_filters()[0]
        self.assertEqual((action, message.pattern, category, module.pattern), ("ignore", "text", UserWarning, "module"))
        self.assertEqual(line, 7)


class AllocationTest(hermetic.HermeticTestCase):
    def test_where_the_source_was_allocated_is_what_is_shown_because_of_it(self):
        shown = warnings.WarningMessage("text", ResourceWarning, "x.py", 1, source=self)
        self.assertRegex(global_state.allocation_of(shown), "^(ResourceWarning: Enable|Object allocated at)")
