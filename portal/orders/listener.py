"""(being built)"""

from sqlalchemy.orm import Session


class CardEvents:
    def card_collected(self, session: Session, reference: str) -> bool:
        return True

    def offer_died(self, session: Session, reference: str, reason: str) -> None:
        pass

    def card_deleted(self, session: Session, reference: str) -> None:
        pass
