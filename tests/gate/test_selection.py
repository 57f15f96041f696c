"""What a run asks the service about its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import GateProject


def test_a_marked_test_and_a_triggered_check_ask_for_no_definition_again(
    project: GateProject,
) -> None:
    project.pytester.makeconftest(
        """
        from pytest_storedog_gate.datadog.client import SyntheticsClient
        original = SyntheticsClient.check
        def check(self, public_id):
            with open("asked", "a") as file:
                file.write(public_id + "\\n")
            return original(self, public_id)
        SyntheticsClient.check = check
        """
    )
    project.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        def test_marked(storedog_outcome, storedog_trigger):
            storedog_trigger("dis-cou-nts")
        """
    )
    assert project.run().ret == 0
    asked = (project.path / "asked").read_text("utf-8").split()
    assert sorted(asked) == ["dis-cou-nts", "hea-lth-chk"]
