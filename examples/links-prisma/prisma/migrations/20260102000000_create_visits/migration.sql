-- CreateTable
CREATE TABLE "visits" (
    "id" SERIAL NOT NULL,
    "link_id" INTEGER NOT NULL,
    "referrer" TEXT,
    "at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "visits_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "visits_link_id_id_idx" ON "visits"("link_id", "id");

-- AddForeignKey
ALTER TABLE "visits" ADD CONSTRAINT "visits_link_id_fkey" FOREIGN KEY ("link_id") REFERENCES "links"("id") ON DELETE CASCADE ON UPDATE CASCADE;
