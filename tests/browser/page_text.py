"""What a page says, apart from the names of its icons."""


def words_of(page, test_id):
    """The text of an element without its icons, whose names stand in the page as text."""
    return page.get_by_test_id(test_id).evaluate(
        """(element) => {
          const copy = element.cloneNode(true);
          copy.querySelectorAll(".q-icon, [role=listbox]").forEach((icon) => icon.remove());
          return copy.textContent;
        }"""
    )
